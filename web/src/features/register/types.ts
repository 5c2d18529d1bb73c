/** Registers as the server sends them. A definition comes from a pack; nothing here knows a shop from a tree. */
import type { components } from '@/api/schema'

export interface Words {
  zh: string
  en: string
}
export type Colour = 'green' | 'yellow' | 'red' | 'grey'
export type FieldType = 'text' | 'number' | 'date' | 'choice' | 'boolean' | 'phone' | 'person' | 'department' | 'reference' | 'photo' | 'documents'
export interface Named {
  id: string
  name: Words
}
export interface Field extends Named {
  type: FieldType
  unit?: Words
  help?: Words
  required: boolean
  min?: number
  max?: number
  length?: number
  pattern?: string
  choices?: Named[]
  register?: string
  personal: boolean
  retired: boolean
}
export interface Plan extends Named {
  every_days: number
  roles: string[]
  items: (Named & { points: number; photo: boolean; offence?: string })[]
}
export interface Duty extends Named {
  offences: (Named & { deduction: number; case?: string })[]
}
export interface Register extends Named {
  entry_name: Words
  about: Words
  geometry: 'point' | 'line' | 'polygon'
  icon: string
  style: 'state' | 'score' | 'expiry'
  kinds: Named[]
  states: (Named & { colour: Colour; closed: boolean })[]
  fields: Field[]
  sections: (Named & { fields: string[] })[]
  columns: string[]
  relations: (Named & { reverse: Words; register: string; many: boolean })[]
  documents: (Named & { required: boolean; expires: boolean; warn_days: number })[]
  inspections: Plan[]
  duties: Duty[]
  rating: { period_days: number; inspections: number; bands: { from: number; colour: Colour; name: Words }[] } | null
  cases: (Named & { class: string; text: Words; by_hand: boolean; when?: string; closed_state?: string })[]
  rights: { sensitive: boolean; keeper?: string }
}
export type RegisterView = Omit<components['schemas']['RegisterView'], 'register'> & { register: Register }
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
