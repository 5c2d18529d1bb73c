/** What the server says about registered things; mirrors the views of `app::component`. */
import type { PersonView as Named, Words } from '@/records/types'

export const STATES = ['intact', 'damaged', 'lost', 'abandoned'] as const
export type ComponentState = (typeof STATES)[number] | 'removed'
export const ACCURACIES = ['A', 'B', 'C'] as const
export const RELATIONS = ['hangs_on', 'part_of', 'fed_by'] as const

/** A thing in a list. */
export interface ThingLine {
  /** Its id on the tiles. */
  serial: number
  register: string
  /** The layer it is drawn on. */
  layer: string
  code: string
  name: string
  class: { key: string; name: Words } | null
  state: string
  state_name: Words
  band: string | null
  grid: string | null
  lng: number | null
  lat: number | null
  version: number
  removed: boolean
}
export interface ThingPage {
  items: ThingLine[]
  /** Send as `after`; null on the last page. */
  next: number | null
  total: number
}
/** A component in a list. */
export interface ComponentLine {
  serial: number
  code: string
  version: number
  name: string
  class: { key: string; name: Words }
  state: string
  grid: string
  street_name: string
  community_name: string
  lng: number | null
  lat: number | null
  accuracy: string
  owner: string | null
  confirmed: boolean
  surveyed_on: string | null
  changed_at: number
}
export interface ComponentPage {
  items: ComponentLine[]
  next: string | null
  /** Absent for a search by words. */
  total: number | null
}
export interface Body {
  code: string
  name: string
}
export interface FieldView {
  code: string
  name: Words
  hint: Words
  datatype: string
  required: boolean
  value: string
  choices: { key: string; name: Words }[]
}
export interface RelationView {
  kind: string
  /** `to`: this one hangs on that; `from`: that one hangs on this. */
  direction: string
  code: string
  name: string | null
  class: { key: string; name: Words } | null
  state: string | null
}
export interface DocumentView {
  id: string
  title: string
  expires_on: string | null
  /** Days until it expires, negative after. */
  days_left: number | null
}
export interface SeenView {
  by: Named
  on: string
  round: string | null
}
/** What the card needs to know of a case. */
export interface CardCase {
  id: string
  number: string
  headline: string
  stage: string
  reported_at: number
  class: { key: string; name: Words } | null
}
/** The identity card. */
export interface ComponentView {
  serial: number
  code: string
  version: number
  name: string
  class: { key: string; name: Words }
  state: string
  /** Well-known text. */
  place: string
  lng: number | null
  lat: number | null
  accuracy: string
  height_m: number | null
  grid: string
  /** The unit grid it lies in by its place, when that is another one. */
  grid_by_place: string | null
  /** Names of its divisions from above. */
  divisions: Words[]
  attributes: { abbr: string; name: Words; value: string; requirement: string }[]
  fields: FieldView[]
  supervisor: Body
  owner: Body | null
  maintainer: Body | null
  department: { id: number; name: Words } | null
  source: string
  note: string
  first_on: string
  changed_on: string | null
  confirmed: SeenView | null
  surveyed: SeenView | null
  survey_due: boolean
  relations: RelationView[]
  documents: DocumentView[]
  photos: string[]
  cases: { open: CardCase[]; past: CardCase[] }
  /** Steps the caller may take. */
  actions: string[]
  /** What the QR code says. */
  link: string
  changed_at: number
}
export interface HistoryEntry {
  version: number
  at: number
  by: Named | null
  facts: string[]
  /** The reason given, or the survey round. */
  words: string | null
  changes: { field: string; before: string | null; after: string | null }[]
}
