/** Shapes of the city's configuration records as the server stores them, and of the answers about them. */

export interface Words {
  zh: string
  en: string
}
export interface PersonView {
  id: number
  name: Words
}
export interface DepartmentView {
  id: number
  name: Words
}

/** Work in the background: a check, or deadlines that follow a changed calendar. */
export interface JobView {
  job: string
  state: 'none' | 'waiting' | 'running' | 'done'
  asked_at: number | null
  asked_by: PersonView | null
  started_at: number | null
  finished_at: number | null
  done: number
  total: number
  changed: number
  failed: number
}

export const KINDS = [
  'departments', 'people', 'classes', 'criteria', 'calendars', 'procedures', 'responsibility', 'shifts', 'templates', 'divisions', 'duty_grids', 'settings', 'basemaps',
] as const
export type RecordKind = (typeof KINDS)[number]

export interface RecordView<T = unknown> {
  kind: string
  key: string
  version: number
  changed_at: number
  changed_by: PersonView | null
  /** Absent in the history where the record was removed. */
  value: T | null
}

export const LEVELS = ['city', 'district', 'street'] as const
export type Level = (typeof LEVELS)[number]
export const DEPARTMENT_KINDS = [
  'government', 'higher_platform', 'supervision_center', 'command_center', 'responsible', 'district_office', 'street_office', 'community', 'leadership', 'administration',
] as const
export type DepartmentKind = (typeof DEPARTMENT_KINDS)[number]
export interface Department {
  id: number
  code: string
  parent?: number
  name: Words
  level: Level
  kind: DepartmentKind
  areas?: string[]
  phone?: string
  active: boolean
  version: number
}

export const ROLES = [
  'collector', 'intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'leader', 'supervisor', 'system_admin', 'security_admin', 'audit_admin',
] as const
export type Role = (typeof ROLES)[number]
export interface Post {
  role: Role
  department: number
  scope: { areas?: string[]; classes?: string[] }
}
export interface Person {
  id: number
  account: string
  name: Words
  department: number
  posts: Post[]
  phone?: string
  email?: string
  active: boolean
  version: number
}

export const LIMIT_UNITS = ['urgent_minute', 'urgent_work_hour', 'urgent_work_day', 'work_minute', 'work_hour', 'work_day', 'natural_day'] as const
export type LimitUnit = (typeof LIMIT_UNITS)[number]
/** A limit such as 4 working hours; hundredths allow half days. */
export interface TimeLimit {
  hundredths: number
  unit: LimitUnit
}
export const EDITIONS = ['2026', '2013'] as const
export type Edition = (typeof EDITIONS)[number]
export const CLASS_KINDS = ['component', 'event'] as const
export type ClassKind = (typeof CLASS_KINDS)[number]
export interface AttributeQuestion {
  code: string
  variable: boolean
  datatype: string
  required: boolean
  description: Words
  datatype_description: Words
  values?: { key: string; name: Words }[]
  order: number
}
export interface ClassEntry {
  key: string
  major_name: Words
  name: Words
  geometry?: 'point' | 'line' | 'polygon'
  typical_responsible_zh: string
  source: string
  confidence: string
  extension: boolean
  disabled: boolean
  component?: string
  attributes?: AttributeQuestion[]
  version: number
}
export type AreaGrade = 'A' | 'B' | 'C'
export interface Criterion {
  seq: number
  filing: Words
  closing: Words
  limit: TimeLimit
  by_area?: Partial<Record<AreaGrade, TimeLimit>>
  source: string
  source_note: string
  disabled: boolean
  version: number
}
export interface CriterionRecord extends Criterion {
  class: string
}
export interface CatalogueClass {
  class: ClassEntry & { criteria: Criterion[] }
  counterpart: { answer: 'exact'; key: string } | { answer: 'several'; keys: string[] } | { answer: 'none'; why: string }
}
export interface CatalogueView {
  version: number
  edition: Edition
  classes: CatalogueClass[]
}

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof WEEKDAYS)[number]
export interface Slot {
  from: string
  to: string
}
export interface Season {
  /** `MM-DD`, both days belong to it. */
  from: string
  to: string
  slots: Slot[]
  valid_from?: string
  valid_to?: string
}
export interface SpecialDay {
  kind: 'off' | 'work'
  name_zh: string
  name_en: string
}
export interface CalendarSpec {
  version: number
  zone: string
  weekend: Weekday[]
  seasons: Season[]
  days: Record<string, SpecialDay>
}
export type Holidays = Record<string, { state: 'statutory_only' | 'announced'; days: Record<string, SpecialDay> }>

export const STAGE_LIMITS = ['accept', 'confirm', 'audit_self_handled', 'file', 'dispatch', 'sign', 'review', 'send_verification', 'verify', 'close'] as const
export type StageLimit = (typeof STAGE_LIMITS)[number]
export const APPROVALS = ['extension', 'return', 'suspension', 'cancellation', 'withdrawal'] as const
export type ApprovalKind = (typeof APPROVALS)[number]
export interface ApprovalRule {
  up_to: TimeLimit | null
  times: number | null
  chain: Role[][]
}
export interface FastChannel {
  name: string
  sources: string[]
  classes: string[]
  areas: string[]
  file: boolean
  dispatch: boolean
  audit_percent: number
}
export interface Controlled {
  classes: string[]
  areas: string[]
  minutes: [number, number] | null
  message: string
}
export interface Procedure {
  version: number
  name: string
  limits: Record<StageLimit, TimeLimit>
  evidence: { report_min: number; report_kinds: string[]; reply_min: number; verification_min: number; photos_max: number; waived: boolean }
  approvals: Record<ApprovalKind, ApprovalRule[]>
  extension: { times_max: number }
  suspension: { days_max: number; times_max: number }
  rework: { fresh_percent: number }
  verification: { metres_max: number | null; confirm_sources: string[] }
  closing: { callback_needed: boolean }
  fast_channels: FastChannel[]
  may: Record<string, Role[]>
  auto_dispatch: { enabled: boolean; confidence_min: number; classes: string[] }
  controlled: Controlled[]
  reopen_days: number
  appeal_days: number
  history: boolean
}
export interface MigrationView {
  to: number
  cases: number
  changed: number
  dry_run: boolean
  changes: { id: string; number: string; from: number; clock: string; old_due_at: number | null; new_due_at: number | null }[]
}

export interface Rule {
  /** `*`, `component`, `2026-event-06` or `2026-event-06010`. */
  class: string
  place?: string
  owner?: string
  department: number
  level: Level
  weight_permille: number
  basis: Words
}
export interface Division {
  code: string
  name: Words
  parent?: string
  valid_from?: string
  valid_to?: string
}
export interface DutyGrid {
  code: string
  name: Words
  areas: string[]
  /** Duty when left out. */
  kind?: 'duty' | 'supervision' | 'patrol' | 'handler'
  people?: number[]
  since_on?: string
}
export interface Shift {
  person: number
  duty_grids?: string[]
  areas?: string[]
  from_minute: number
  to_minute: number
  on: 'weekly' | 'dates'
  days?: Weekday[]
  dates?: string[]
  valid_from?: string
  valid_to?: string
}
export interface OpinionTemplate {
  id: number
  step: string
  text: Words
  person?: number
  order: number
  version: number
}
export interface CitySettings {
  name: Words
  lng: number
  lat: number
  zoom: number
  bounds: [number, number, number, number]
  edition: Edition
  default_language: string
  basemap: string
  demo: boolean
  duplicates: Record<string, unknown>
  public_classes: string[]
  declared_stops: string[]
  phone: string
  jurisdiction: string
}

export interface Vocabulary {
  version: number
  departments: { id: number; code: string; parent: number | null; name: Words; level: string; kind: string; active: boolean; handles?: boolean }[]
  classes: { key: string; kind: string; edition: string; major?: string; major_name: Words; name: Words; extension: boolean }[]
  people: { id: number; name: Words; department: number; roles: string[] }[]
  divisions: { code: string; parent: string | null; name: Words }[]
  sources: string[]
}

export const BASEMAP_SERVICES = ['pmtiles', 'xyz', 'tms', 'wmts'] as const
export const BASEMAP_DATUMS = ['cgcs2000', 'wgs84', 'gcj02', 'bd09'] as const
export interface BasemapRecord {
  name: Words
  service: (typeof BASEMAP_SERVICES)[number]
  urls: string[]
  datum: (typeof BASEMAP_DATUMS)[number]
  key: string
  subdomains: string[]
  attribution: string
  min_zoom: number
  max_zoom: number
  detail_zoom?: number | null
  tile_size: number
  order: number
}
