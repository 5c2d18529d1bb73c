/** What the grid pages ask of the server. */
import type { Geometry, MultiPolygon, Polygon } from 'geojson'
import { ask, tell } from '@/records/api'
import type { Box } from '@/map/ground'

export interface Words {
  zh: string
  en: string
}
export interface Person {
  id: number
  name: Words
}
export interface Grid {
  code: string
  path: Words[]
  area_m2: number
  since_on: string | null
  grade: string | null
  land_use: string
  level: string
  responsible: string
  remark: string
  duty_grids: string[]
}
export interface GridVersion {
  from_edition: number
  from_on: string
  until_edition: number | null
  until_on: string | null
  area_m2: number
  geometry: Geometry
}
export interface GridCard extends Grid {
  state: 'in_force' | 'voided'
  geometry: Polygon
  neighbours: string[]
  history: GridVersion[]
}
export interface Edition {
  edition: number
  valid_from: string
  published_at: number
  published_by: Person | null
  note: string
  grids: number
  added: number
  changed: number
  removed: number
  in_force: boolean
}
export interface DraftHead {
  id: string
  version: number
  name: string
  state: 'open' | 'in_review' | 'published' | 'discarded'
  base: number
  made_at: number
  made_by: Person | null
  editors: Person[]
  submitted_at: number | null
  note: string
  answer: string
  edition: number | null
  can_undo: boolean
  can_redo: boolean
  can_publish: boolean
  can_edit: boolean
}
export interface DraftStep {
  number: number
  edit: string
  at: number
  by: Person | null
  codes: string[]
  changed: number
  in_force: boolean
}
export interface Draft extends DraftHead {
  grids: number
  added: string[]
  changed: string[]
  removed: string[]
  steps: DraftStep[]
  bounds: [number, number, number, number] | null
  touched: string[]
}
export interface Finding {
  kind: string
  severity: 'error' | 'warning'
  text: Words
  codes: string[]
  lng: number
  lat: number
  bounds: [number, number, number, number]
  area_m2: number | null
}
export interface Findings {
  findings: Finding[]
  errors: number
  warnings: number
  left_out: number
  grids: number
}
export interface GridFeature {
  type: 'Feature'
  id: number
  properties: { code: string; outline: boolean; state: '' | 'added' | 'changed'; area_m2: number; grade?: string; land_use?: string; level?: string; responsible?: string; remark?: string }
  geometry: Polygon | MultiPolygon
}
export interface GridCollection {
  type: 'FeatureCollection'
  features: GridFeature[]
  left_out: number
}
export interface DutyGrid {
  code: string
  kind: string
  name: Words
  areas: string[]
  people: Person[]
  since_on: string | null
  grids: number
  version: number
}
export interface Rotation {
  rows: { code: string; name: Words; before: Person[]; after: Person[] }[]
  shifts: number
  from_on: string
  applied: boolean
}
/** One edit of a draft; the server fits, splits and numbers. */
export interface Edit {
  edit: string
  code?: string
  codes?: string[]
  community?: string
  geometry?: Geometry
  line?: number[][]
  streets?: number[][][]
  target_m2?: number
  attributes?: { grade?: string; land_use?: string; level?: string; responsible?: string; remark?: string }
  collection?: unknown
  replace?: boolean
}

/** Seven digits are a centimetre; a box need not be finer than a metre. */
export const boxText = (box: Box) => [box.west, box.south, box.east, box.north].map((one) => one.toFixed(5)).join(',')
export interface When {
  on?: string
  edition?: number
}
export const drawGrids = (box: Box, when: When, signal?: AbortSignal) => ask<GridCollection>('/api/grids/geojson', { bbox: boxText(box), ...when }, signal)
export const seeGrid = (code: string, signal?: AbortSignal) => ask<GridCard>(`/api/grids/${code}`, {}, signal)
export const gridAt = (lng: number, lat: number, on?: string) => ask<{ on: string; edition: number | null; grid: Grid | null }>('/api/grids/at', { lng, lat, on })
export const editions = (signal?: AbortSignal) => ask<{ items: Edition[] }>('/api/grids/editions', {}, signal).then(({ items }) => items)
export const drafts = (signal?: AbortSignal) => ask<{ items: DraftHead[] }>('/api/grids/drafts', {}, signal).then(({ items }) => items)
export const startDraft = (name: string) => tell<Draft>('POST', '/api/grids/drafts', { name })
export const seeDraft = (id: string, signal?: AbortSignal) => ask<Draft>(`/api/grids/drafts/${id}`, {}, signal)
export const drawDraft = (id: string, box: Box, signal?: AbortSignal) => ask<GridCollection>(`/api/grids/drafts/${id}/geojson`, { bbox: boxText(box) }, signal)
export const checkDraft = (id: string) => ask<Findings>(`/api/grids/drafts/${id}/check`)
export const editDraft = (id: string, version: number, edit: Edit) => tell<Draft>('POST', `/api/grids/drafts/${id}/edits`, { version, ...edit })
export const stepDraft = (id: string, version: number, step: string, more: { note?: string; valid_from?: string } = {}) => tell<Draft>('POST', `/api/grids/drafts/${id}/steps`, { version, step, ...more })
export const dutyGrids = (signal?: AbortSignal) => ask<{ items: DutyGrid[]; uncovered: Record<string, number>; twice: Record<string, string[]> }>('/api/duty-grids', {}, signal)
export const rotate = (sent: { grids: string[]; by: number; from_on: string; dry_run: boolean }) => tell<Rotation>('POST', '/api/duty-grids/rotation', sent)
