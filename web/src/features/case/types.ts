/**
 * Shapes of the server's answers about cases, named as in the OpenAPI document. Times are epoch milliseconds,
 * departments and persons are integers, everything larger is text.
 */

/** A text in both languages of the interface. */
export interface Words {
  zh: string
  en: string
}
export interface ClassView {
  /** Edition-kind-code, such as `2026-component-01001`. */
  key: string
  name: Words
}
export interface DepartmentView {
  id: number
  name: Words
}
export interface PersonView {
  id: number
  name: Words
}
/** Who has the next move. */
export interface WaitsFor {
  role: string
  department?: DepartmentView | null
  person?: PersonView | null
}
export type LightWord = 'green' | 'yellow' | 'red' | 'grey' | 'none'

/** A case as one line of a list. */
export interface CaseLine {
  id: string
  number: string
  version: number
  stage: string
  light: LightWord
  due_at: number | null
  /** Left in the clock's own time, negative when overdue. */
  left_ms: number | null
  left_unit: 'work' | 'natural' | null
  day_ms: number
  total_due_at: number | null
  total_light: LightWord
  paused: boolean
  class: ClassView | null
  headline: string
  address: string
  lng: number | null
  lat: number | null
  grid: string | null
  street_name: Words | null
  source: string
  reported_at: number
  updated_at: number
  filed_at: number | null
  ended_at: number | null
  department: DepartmentView | null
  handler: PersonView | null
  collector: PersonView | null
  intake: PersonView | null
  urgent: boolean
  major: boolean
  urging: string | null
  urged_times: number
  reworks: number
  returns: number
  extensions: number
  suspensions: number
  approvals: string[]
  duplicates: number
  children_open: number
  parent: string | null
  level: string
  audit: string
  thumb: string | null
  /** The caller's next step, if one is open. */
  main_step: string | null
  waits_for: WaitsFor | null
  synthesised: boolean
}
export interface CasePage {
  items: CaseLine[]
  next: string | null
  total: number
  total_is_exact: boolean
  now_at: number
}
export interface LimitView {
  value: number
  unit: string
}
export interface ClockView {
  kind: string
  limit: LimitView
  extensions: LimitView[]
  started_at: number
  due_at: number
  ended_at: number | null
  paused: boolean
  allowed_ms: number
  used_ms: number
  left_ms: number
  left_unit: 'work' | 'natural'
  light: LightWord
}
export interface EvidenceView {
  attachment: string
  kind: string
  shot_at: number | null
  lng: number | null
  lat: number | null
  /** Between where it was shot and the place of the case. */
  metres: number | null
  /** The fact it came with. */
  seq: number
  content_type: string
}
export interface Because {
  code: string
  params: Record<string, unknown>
  message: string
}
export interface ActionView {
  step: string
  allowed: boolean
  because: Because | null
}
export interface AnswerView {
  by: PersonView | null
  role: string | null
  at: number
  approved: boolean
  opinion: string
}
export interface ApprovalView {
  kind: string
  state: string
  asked_at: number
  asked_by: PersonView | null
  asked_as: string | null
  reason: string
  extra: LimitView | null
  until: number | null
  chain: string[][]
  answers: AnswerView[]
}
export interface FilingView {
  class: ClassView
  criterion: number
  criterion_text: string
  closing_text: string
  limit: LimitView
  at: number
  by: PersonView | null
  procedure: number
}
export interface UrgingView {
  index: number
  level: string
  requirement: string
  reply_needed: boolean
  at: number
  by: PersonView | null
  answered_at: number | null
}
export interface ReporterView {
  name: string
  phone: string
  email: string
  callback: boolean
  public: boolean
  language: string
}
export interface ChildView {
  id: string
  department: DepartmentView
  level: string
  ended: string | null
  line: CaseLine | null
}
export interface CallbackView {
  at: number
  reached: boolean
  satisfied: boolean | null
  remark: string
}
export interface RatingView {
  at: number
  stars: number
  remark: string
}
export interface AppealView {
  asked_at: number
  asked_by: number | null
  reason: string
  dispatcher: boolean | null
  intake: boolean | null
}
/** A case with everything on one page. */
export interface CaseView extends CaseLine {
  text: string
  component: string | null
  consultation: boolean
  wants_answer: boolean
  attributes: Record<string, string>
  evidence: EvidenceView[]
  filing: FilingView | null
  stage_data: Record<string, unknown>
  clocks: ClockView[]
  approval_log: ApprovalView[]
  guard: unknown
  parent_line: CaseLine | null
  children: ChildView[]
  duplicate_lines: CaseLine[]
  merged_into: CaseLine | null
  urgings: UrgingView[]
  callback: CallbackView | null
  rating: RatingView | null
  appeal: AppealView | null
  exempted: boolean
  fast_channel: string | null
  reporter: ReporterView | null
  reporter_hidden: boolean
  actions: ActionView[]
  procedure_version: number
  returned_from: DepartmentView[]
  now_at: number
}
/** One fact of the timeline. */
export interface FactView {
  seq: number
  at: number
  by: 'person' | 'citizen' | 'system'
  person: PersonView | null
  role: string | null
  department: DepartmentView | null
  rule: string | null
  fact: string
  data: Record<string, unknown>
  /** Names for the ids inside `data`, by the field they stand in. */
  names: Record<string, Words>
  took_ms: number | null
  depth: number
  evidence: EvidenceView[]
}
export interface GroupView {
  /** Value for the same filter, empty for cases without one. */
  key: string
  label: Words
  count: number
}
export interface CountView {
  total: number
  total_is_exact: boolean
  groups: GroupView[]
}
export interface QueueView {
  queue: string
  count: number
  yellow: number
  red: number
}
export interface WorkbenchView {
  queues: QueueView[]
  now_at: number
}
export interface SavedView {
  id: string
  name: string
  url: string
}
export interface ProposalView {
  department: DepartmentView
  confidence_percent: number
  reason: Because
  basis: Words
  open_cases: number
  overdue: number
}
export interface CollectorView {
  person: PersonView
  open_tasks: number
  because: string
  begins_in_minutes: number | null
}
export interface HandlerView {
  person: PersonView
  department: DepartmentView
  open_orders: number
}
export interface DuplicateView {
  line: CaseLine
  score: number
  minutes_apart: number
  reasons: ({ reason?: string } & Record<string, unknown>)[]
}
export interface Problem {
  code: string
  title: string
  detail: string | null
}
export interface BatchView {
  done: string[]
  refused: { id: string; problem: Problem }[]
}
export interface VocabularyCriterion {
  seq: number
  filing: Words
  closing: Words
  limit: LimitView
}
export interface VocabularyClass {
  key: string
  kind: string
  edition: string
  major: string
  major_name: Words
  name: Words
  extension: boolean
  criteria: VocabularyCriterion[]
}
export interface VocabularyDepartment {
  id: number
  code: string
  parent: number | null
  name: Words
  level: string
  kind: string
  active: boolean
  /** May be given cases to handle. */
  handles: boolean
}
export interface VocabularyPerson {
  id: number
  name: Words
  department: number
  roles: string[]
}
/** What the forms must know of the procedure in force. */
export interface VocabularyProcedure {
  version: number
  name: string
  report_photos_min: number
  report_photo_kinds: string[]
  reply_photos_min: number
  verification_photos_min: number
  photos_max: number
  suspension_days_max: number
  extension_times_max: number
  reopen_days: number
}
/** Names and codes of the city that many screens need. */
export interface VocabularyView {
  version: number
  departments: VocabularyDepartment[]
  classes: VocabularyClass[]
  people: VocabularyPerson[]
  divisions: { code: string; parent: string | null; name: Words }[]
  templates: { id: number; step: string; text: Words }[]
  sources: string[]
  procedure: VocabularyProcedure
}
export interface ClassHitView {
  key: string
  name: Words
  major_name: Words
  kind: string
  score: number
  /** The filing condition nearest to the words. */
  criterion: number | null
}
/** A place that some words may mean. */
export interface PlaceHit {
  label: Words
  lng: number
  lat: number
  confidence: number
  matched: string
  kind: string | null
  id: string | null
  grid: string | null
  street: Words | null
}
export interface PlaceView {
  grid: string | null
  /** Edges of the grid in degrees: west, south, east, north. */
  grid_bounds: [number, number, number, number] | null
  /** Names from the city down to the community. */
  path: Words[]
  /** The address in words. */
  address: Words | null
  inside_city: boolean
}
/** One change told by the live stream. */
export interface CaseChange {
  id: string
  version: number
  stage: string
  facts: string[]
  at: number
  position: number
}

/** What a class asks the reporter, apart from words and place. */
export interface Question {
  code: string
  /** False: shown only, nothing is answered. */
  variable: boolean
  datatype: 'string' | 'number' | 'datetime' | 'text' | 'singlevaluelist' | 'multivaluelist'
  required: boolean
  description: Words
  datatype_description: Words
  values?: { key: string; name: Words }[]
  order: number
}
export interface ServiceView {
  code: string
  name: Words
  attributes: Question[]
}
