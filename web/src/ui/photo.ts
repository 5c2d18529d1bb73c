/** Photos as the screens know them. */
export interface Photo {
  id: string
  /** Full size. */
  src: string
  thumb?: string
  /** near, far, before, after, verify, document: shown in words when known to `i18n/photos`. */
  kind?: string | null
  takenAt?: number | null
  /** What can be seen, for those who cannot see it. */
  alt?: string | null
  video?: boolean
}

/** A photo a person has chosen and that is on its way. */
export interface PickedPhoto {
  /** Made here, so that sending twice stores once. */
  id: string
  file: File
  preview: string
  state: 'waiting' | 'sending' | 'sent' | 'refused'
  /** 0 to 1. */
  progress: number
  /** Why it was refused, in words. */
  because?: string
  /** The server's id once sent. */
  attachmentId?: string
}

/** Sends one file; `onProgress` is called with 0 to 1. Resolves to the attachment's id. */
export type SendPhoto = (file: File, onProgress: (part: number) => void, id: string) => Promise<{ id: string }>

/** Metres between two WGS-84 points, and degrees between two headings (0–180). */
export function metresApart(a: { lng: number; lat: number }, b: { lng: number; lat: number }): number {
  const rad = Math.PI / 180
  const x = (b.lng - a.lng) * rad * Math.cos(((a.lat + b.lat) / 2) * rad)
  const y = (b.lat - a.lat) * rad
  return Math.hypot(x, y) * 6_371_008.8
}
export function degreesApart(a: number, b: number): number {
  const turn = Math.abs(a - b) % 360
  return turn > 180 ? 360 - turn : turn
}
