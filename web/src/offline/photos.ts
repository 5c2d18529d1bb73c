/** Photos a person has taken and that are not yet at the server. */
export interface KeptPhoto {
  /** Made here; also the photo's name on the shelf. */
  id: string
  /** Wire word: near, far, before, after, on_spot … */
  kind: string
  type: string
  takenAt: number
  /** The server's id, once the photo is there. */
  attachment?: string
}

/** As it is written into a report or a step. */
export interface EvidenceIn {
  attachment: string
  kind: string
}
export const evidenceOf = (photos: readonly KeptPhoto[]): EvidenceIn[] =>
  photos.flatMap(({ attachment, kind, type }) => (attachment ? [{ attachment, kind: type.startsWith('video/') ? 'video' : kind }] : []))
