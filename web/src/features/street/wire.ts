/** What the server says to the street product; mirrors `app::view`, `app::session`, `app::vocabulary`. */
import { ask } from '@/offline/ask'
import { placesAt } from '@/offline/places'
import type { CityView, Words } from '@/offline/wire'

export interface Named {
  id: number
  name: Words
}
export interface MeView {
  person: Named
  account: string
  department: Named
  city: CityView
  posts: { role: string; department: Named; areas: string[]; classes: string[] }[]
  roles: string[]
  may: string[]
  must_change_password: boolean
}
export interface CaseLine {
  id: string
  number: string
  version: number
  stage: string
  light: 'green' | 'yellow' | 'red' | 'grey' | 'none'
  due_at: number | null
  left_ms: number | null
  left_unit: 'work' | 'natural' | null
  day_ms: number
  paused: boolean
  class: { key: string; name: Words } | null
  headline: string
  address: string
  lng: number | null
  lat: number | null
  grid: string | null
  street_name: Words | null
  reported_at: number
  updated_at: number
  ended_at: number | null
  department: Named | null
  handler: Named | null
  collector: Named | null
  urgent: boolean
  major: boolean
  urging: string | null
  urged_times: number
  reworks: number
  approvals: string[]
  thumb: string | null
  main_step: string | null
}
export interface CasePage {
  items: CaseLine[]
  next: string | null
  total: number
  now_at: number
}
export interface Workbench {
  queues: { queue: string; count: number; yellow: number; red: number }[]
  now_at: number
}
export interface EvidenceView {
  attachment: string
  kind: string
  shot_at: number | null
  lng: number | null
  lat: number | null
  metres: number | null
  seq: number
  content_type: string
}
export interface ActionView {
  step: string
  allowed: boolean
  because: { code: string; message: string } | null
}
export interface CaseView extends CaseLine {
  text: string
  evidence: EvidenceView[]
  filing: { criterion_text: string; closing_text: string; limit: { value: number; unit: string } } | null
  stage_data: { name: string; reply?: { text: string; at: number; evidence: { attachment: string; kind: string }[] }; until?: number; reason?: string }
  approval_log: { kind: string; state: string; asked_at: number; asked_by: Named | null; reason: string; until: number | null }[]
  urgings: { index: number; level: string; requirement: string; reply_needed: boolean; at: number; answered_at: number | null }[]
  actions: ActionView[]
  now_at: number
}
export interface FactView {
  seq: number
  at: number
  by: 'person' | 'citizen' | 'system'
  person: Named | null
  role: string | null
  department: Named | null
  fact: string
  data: Record<string, unknown>
  names: Record<string, Words>
  took_ms: number | null
  depth: number
  evidence: EvidenceView[]
}
export interface VocabularyClass {
  key: string
  kind: string
  major: string
  major_name: Words
  name: Words
}
export interface Vocabulary {
  classes: VocabularyClass[]
  people: { id: number; name: Words; department: number; roles: string[] }[]
  templates: { id: number; step: string; text: Words }[]
  procedure: { photos_max: number; report_photos_min: number; reply_photos_min: number; verification_photos_min: number; suspension_days_max: number }
}
export interface ClassHit {
  key: string
  name: Words
  major_name: Words
}
export interface Duplicate {
  line: CaseLine
  score: number
  reasons: { kind?: string; code?: string; reason?: string; metres?: number }[]
}

export interface Body {
  code: string
  name: string
}
/** A component as the street sees it; mirrors the identity card. */
export interface ThingView {
  code: string
  name: string
  class: { key: string; name: Words }
  state: string
  grid: string
  divisions: Words[]
  supervisor: Body
  owner: Body | null
  maintainer: Body | null
  lng: number | null
  lat: number | null
}

const at = (id: string) => `/api/cases/${encodeURIComponent(id)}`
export const stepsOf = (id: string) => `${at(id)}/steps`
export const photoOf = (attachment: string, caseId: string, size: 'thumb' | 'full') => `/api/attachments/${attachment}?size=${size}&case=${caseId}`
export const workbench = () => ask<Workbench>('GET', '/api/workbench')
export const queueOf = (queue: string) => ask<CasePage>('GET', '/api/cases', { query: { queue, limit: 100, sort: queue === 'my_reports' || queue.endsWith('_ended') ? '-updated' : 'due' } })
export const caseOf = (id: string) => ask<CaseView>('GET', at(id))
export const factsOf = (id: string) => ask<FactView[] | { items: FactView[] }>('GET', `${at(id)}/facts`).then((answer) => (Array.isArray(answer) ? answer : answer.items))
export const componentOf = (code: string) => ask<ThingView>('GET', `/api/components/${encodeURIComponent(code)}`)
export const searchClasses = (q: string, signal: AbortSignal) => ask<ClassHit[]>('GET', '/api/classes/search', { query: { q, limit: 6 }, signal })
export const duplicatesOf = (question: { class: string | null; text: string; lng: number; lat: number; attachments: string[] }, signal: AbortSignal) =>
  ask<Duplicate[]>('POST', '/api/duplicates', { body: question, signal })
export const handOver = (to: number) => ask<{ moved: number; left: { id: string; code: string }[] }>('POST', '/api/shifts/hand-over', { body: { from: null, to } })
export const places = placesAt('/api/places')
