/** Entries of registers as the server sends them. */
import type { components } from '@/api/schema'
import type { Words } from '@/records/types'

export type EntryLine = Omit<components['schemas']['EntryLine'], 'values'> & { values: Record<string, unknown> }
export interface EntryPage {
  items: EntryLine[]
  next?: string | null
  total: number
}
export type EntryView = Omit<components['schemas']['EntryView'], 'fields' | 'names'> & { fields: Record<string, unknown>; names: Record<string, Words> }
export type RecordsView = components['schemas']['RecordsView']
export type ScoresView = components['schemas']['ScoresView']
export type DuePage = components['schemas']['DuePage']
export type PackView = components['schemas']['PackView']
export type CheckedPack = components['schemas']['CheckedPackView']
export interface HistoryLine {
  version: number
  at: number
  by?: { id: number; name: Words } | null
  change: Record<string, unknown>
}
export interface Held {
  document: string
  number: string
  issued_on?: string | null
  expires_on?: string | null
  file?: string | null
}
/** A form of an entry, new or changed. */
export interface Draft {
  name: string
  kind: string
  wkt: string
  state: string
  fields: Record<string, unknown>
  documents: Held[]
  photos: string[]
  relations: Record<string, string[]>
}
