/** What files are brought into and taken from; mirrors `TransferTarget`. */
export type Target = { to: 'components' } | { to: 'register'; register: string } | { to: 'addresses' }
/** The word of `/api/exports`. */
export const collectionOf = (target: Target): string => (target.to === 'register' ? target.register : target.to)
export const targetOf = (collection: string): Target => (collection === 'components' || collection === 'addresses' ? { to: collection } : { to: 'register', register: collection })
export const FORMATS = ['csv', 'xlsx', 'geojson', 'geojsonl', 'shapefile', 'flatgeobuf'] as const
export type FileFormat = (typeof FORMATS)[number]
/** Where in a collection; empty is all of it. A class is the kind of an entry. */
export interface ExportPart {
  class?: string
  area?: string
  state?: string
}
