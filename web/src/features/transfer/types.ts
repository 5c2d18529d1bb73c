/** Files in and out as the server tells of them. */
import type { FileFormat, Target } from '@/registry/transfer'

export type Encoding = 'utf8' | 'gbk'
export type State = 'looked' | 'checking' | 'checked' | 'running' | 'undoing' | 'done' | 'failed' | 'cancelled'

export interface FieldMap {
  column?: string | null
  values?: Record<string, string>
  otherwise?: string | null
}
export type ShapeFrom = { from: 'none' } | { from: 'file' } | { from: 'wkt'; column: string } | { from: 'xy'; x: string; y: string }
export interface Plan {
  target: Target
  crs: string
  shape: ShapeFrom
  fields: Record<string, FieldMap>
  mode: 'all_or_nothing' | 'best_effort'
}
export interface Profile {
  name: string
  version: number
  plan: Plan
}
export interface Fault {
  row: number
  field: string
  code: string
  zh: string
  en: string
  lng?: number
  lat?: number
}
export interface Transfer {
  id: string
  name: string
  bytes: number
  at: number
  by: { name: { zh: string; en: string } } | null
  state: State
  format: FileFormat
  encoding: Encoding
  columns: string[]
  rows: number
  sample: string[][]
  shapes: string[]
  positions: [number, number][]
  crs: string | null
  crs_named: string | null
  plan: Plan | null
  counts: { rows: number; new: number; changed: number; unchanged: number; wrong: number; faults: number; undone: number; left: number }
  done: number
  rows_per_s: number
  started_at: number | null
  finished_at: number | null
  stop_asked: boolean
  faults: Fault[]
  why: string
}
export interface Field {
  field: string
  required: boolean
  choices: string[]
  zh: string
  en: string
}
export interface Places {
  places: [number, number][]
  faults: { code: string; count: number }[]
  inside: number
}
export const working = (state: State): boolean => state === 'checking' || state === 'running' || state === 'undoing'
