/**
 * Every step a person can take on a case, as the form it needs. What may be taken, and why not, is the server's
 * to say (`actions`); here is only which fields a step has. Names and values are the API's.
 */
import type { PickedPhoto } from '@/ui/photo'
import type { StepBody } from './api'
import type { CaseView } from './types'

export type FieldKind =
  | 'words' | 'department' | 'departments' | 'collector' | 'handler' | 'person' | 'class' | 'criterion' | 'choice' | 'yesno' | 'flag' | 'limit'
  | 'moment' | 'photos' | 'case' | 'shares' | 'place' | 'stars' | 'urging' | 'position'

export type Values = Record<string, unknown>
export interface Field {
  name: string
  kind: FieldKind
  required?: boolean | ((values: Values) => boolean)
  /** Key under `case.field`; the name when left out. */
  label?: string
  /** For `choice`: wire values; their words are `case.choice.<step>.<value>`. */
  choices?: readonly string[] | ((view: CaseView) => string[])
  when?: (values: Values) => boolean
  initial?: (view: CaseView) => unknown
  /** Kind of the photos sent with this field. */
  photoKind?: string
  rows?: number
}
export interface StepForm {
  fields: readonly Field[]
  danger?: boolean
  /** Makes sense for many cases at once. */
  batch?: boolean
  /** Sends only what differs from the case as it is. */
  changesOnly?: boolean
}

const reason: Field = { name: 'reason', kind: 'words', required: true }
const opinion: Field = { name: 'opinion', kind: 'words' }
const needed = (field: Field): Field => ({ ...field, required: true })
const note: Field = { name: 'note', kind: 'words', rows: 2 }
const department: Field = { name: 'department', kind: 'department', required: true }
const assisting: Field = { name: 'assisting', kind: 'departments' }
const collector: Field = { name: 'collector', kind: 'collector', required: true }
const evidence = (photoKind: string, required: Field['required'] = false): Field => ({ name: 'evidence', kind: 'photos', photoKind, required })
const position: Field = { name: 'position', kind: 'position' }
const openApprovals = (view: CaseView) => view.approvals

export const STEPS: Record<string, StepForm> = {
  correct: {
    changesOnly: true,
    fields: [
      { name: 'class', kind: 'class', initial: (view) => view.class?.key ?? null },
      { name: 'text', kind: 'words', label: 'report_text', initial: (view) => view.text, rows: 4 },
      { name: 'place', kind: 'place', initial: (view) => ({ address: view.address, lng: view.lng, lat: view.lat }) },
      { name: 'urgent', kind: 'flag', initial: (view) => view.urgent },
      evidence('near'),
    ],
  },
  claim: { fields: [], batch: true },
  hand_over: { fields: [{ name: 'to', kind: 'person', required: true }], batch: true },
  pass_self_handled: { fields: [opinion], batch: true },
  refuse_self_handled: { fields: [{ name: 'ordinary', kind: 'yesno', required: true }, needed(opinion)] },
  request_confirmation: { fields: [collector, note] },
  answer_confirmation: {
    fields: [
      { name: 'outcome', kind: 'choice', choices: ['true', 'false', 'impossible'], required: true },
      { ...opinion, required: (values) => values.outcome !== 'true' },
      evidence('on_spot'),
      position,
    ],
  },
  change_collector: { fields: [collector, reason] },
  decline: { fields: [reason], danger: true, batch: true },
  answer_at_once: { fields: [{ name: 'answer', kind: 'words', required: true }] },
  accept: { fields: [opinion], batch: true },
  file: { fields: [{ name: 'class', kind: 'class', required: true, initial: (view) => view.class?.key ?? null }, { name: 'criterion', kind: 'criterion', required: true }, opinion] },
  send_back: { fields: [reason], batch: true },
  dispatch: { fields: [department, assisting, opinion], batch: true },
  split: { fields: [{ name: 'shares', kind: 'shares', required: true }, opinion] },
  dispatch_down: {
    fields: [department, { name: 'level', kind: 'choice', choices: ['district', 'street'], required: true, initial: () => 'district' }, { name: 'task', kind: 'words', rows: 2 }, opinion],
  },
  sign_for: { fields: [], batch: true },
  assign: { fields: [{ name: 'handler', kind: 'handler', required: true }, note], batch: true },
  request_extension: { fields: [reason, { name: 'extra', kind: 'limit' }] },
  request_return: { fields: [reason, evidence('document')] },
  request_suspension: { fields: [{ name: 'until', kind: 'moment', required: true }, reason] },
  request_cancellation: { fields: [reason], danger: true },
  request_withdrawal: { fields: [reason] },
  approve_extension: { fields: [opinion], batch: true },
  approve_return: { fields: [opinion], batch: true },
  approve_suspension: { fields: [opinion], batch: true },
  approve_cancellation: { fields: [opinion], batch: true },
  approve_withdrawal: { fields: [opinion], batch: true },
  reject_extension: { fields: [needed(opinion)], batch: true },
  reject_return: { fields: [needed(opinion)], batch: true },
  reject_suspension: { fields: [needed(opinion)], batch: true },
  reject_cancellation: { fields: [needed(opinion)], batch: true },
  reject_withdrawal: { fields: [needed(opinion)], batch: true },
  take_back: {
    fields: [{ name: 'approval', kind: 'choice', choices: openApprovals, required: true, initial: (view) => (view.approvals.length === 1 ? view.approvals[0] : undefined) }],
  },
  reassign: { fields: [department, assisting, opinion], batch: true },
  resume: { fields: [{ ...reason, required: false }], batch: true },
  reply: { fields: [{ name: 'text', kind: 'words', label: 'result', required: true }, evidence('after')] },
  reject_reply: { fields: [reason], batch: true },
  pass_on: { fields: [opinion], batch: true },
  request_verification: { fields: [collector, note] },
  answer_verification: {
    fields: [
      { name: 'outcome', kind: 'choice', choices: ['passed', 'failed', 'impossible'], required: true },
      { ...opinion, required: (values) => values.outcome !== 'passed' },
      evidence('on_spot'),
      position,
    ],
  },
  order_rework: { fields: [opinion, { name: 'department', kind: 'department', label: 'other_department', required: false }] },
  call_back: {
    fields: [
      { name: 'reached', kind: 'yesno', required: true },
      { name: 'satisfied', kind: 'yesno', required: (values) => values.reached === true, when: (values) => values.reached === true },
      { name: 'remark', kind: 'words', rows: 2 },
    ],
  },
  close: { fields: [opinion], batch: true },
  refuse_closing: { fields: [reason] },
  reopen: { fields: [reason] },
  merge: { fields: [{ name: 'into', kind: 'case', required: true }, { ...reason, required: false }], batch: true },
  unmerge: { fields: [reason] },
  force_close: { fields: [{ name: 'order', kind: 'words', required: true }], danger: true },
  urge: {
    batch: true,
    fields: [
      { name: 'level', kind: 'choice', choices: ['remind', 'urge', 'urge_listed'], required: true, initial: () => 'remind' },
      { name: 'requirement', kind: 'words', required: true },
      { name: 'reply_needed', kind: 'flag', initial: () => true },
    ],
  },
  instruct: { batch: true, fields: [{ name: 'text', kind: 'words', label: 'instruction', required: true }, { name: 'reply_needed', kind: 'flag', initial: () => true }] },
  answer_urging: {
    fields: [
      { name: 'urging', kind: 'urging', required: true, initial: (view) => view.urgings.find((one) => one.answered_at === null)?.index },
      { name: 'text', kind: 'words', label: 'answer', required: true },
    ],
  },
  mark_major: { fields: [reason], danger: true },
  dispatch_ahead: { fields: [department, reason] },
  appeal: { fields: [reason] },
  answer_appeal: { fields: [{ name: 'granted', kind: 'yesno', required: true }, { ...opinion, required: (values) => values.granted === false }] },
  audit: { batch: true, fields: [{ name: 'passed', kind: 'yesno', required: true, label: 'audit_passed' }, { ...reason, required: (values) => values.passed === false }] },
  rate: { fields: [{ name: 'stars', kind: 'stars', required: true }, { name: 'remark', kind: 'words', rows: 2 }] },
  comment: { fields: [{ name: 'text', kind: 'words', label: 'comment', required: true, rows: 2 }, evidence('document')], batch: true },
}

/** Steps with words of their own that nobody takes on a case's page: reports make cases, the rest is the system's. */
export const NOT_ON_A_CASE = ['report', 'report_self_handled', 'child_ended', 'duplicate_joined', 'duplicate_left', 'migrate', 'recompute_clocks', 'survey'] as const

/** Approvals a request opens, for taking it back at once. */
export const APPROVAL_OF: Record<string, string> = {
  request_extension: 'extension',
  request_return: 'return',
  request_suspension: 'suspension',
  request_cancellation: 'cancellation',
  request_withdrawal: 'withdrawal',
}

export const formOf = (step: string): StepForm => STEPS[step] ?? { fields: [] }
export const shownFields = (form: StepForm, values: Values): Field[] => form.fields.filter((field) => field.when?.(values) ?? true)
export const isRequired = (field: Field, values: Values): boolean =>
  typeof field.required === 'function' ? field.required(values) : (field.required ?? false)
/** Nothing has to be filled in: one key does it. */
export const isQuick = (step: string): boolean => formOf(step).fields.every((field) => !isRequired(field, {}))

export const initialValues = (form: StepForm, view: CaseView | null): Values =>
  Object.fromEntries(form.fields.flatMap((field) => (field.initial && view ? [[field.name, structuredClone(field.initial(view))]] : [])))

function isEmpty(field: Field, value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value === 'string') return value.trim().length < 2 && field.kind === 'words'
  if (field.kind === 'shares') return (value as Share[]).filter((share) => share.department).length < 2
  if (Array.isArray(value)) return value.length === 0
  return false
}
/** Fields still to be filled in, by name. */
export const missing = (form: StepForm, values: Values): string[] =>
  shownFields(form, values).filter((field) => isRequired(field, values) && isEmpty(field, values[field.name])).map((field) => field.name)

export interface Share {
  department: number | null
  level: string
  task: string
}
export interface PlaceValue {
  address: string
  lng: number | null
  lat: number | null
}

function onTheWire(field: Field, value: unknown): unknown {
  switch (field.kind) {
    case 'words':
      return (value as string).trim()
    case 'photos':
      return (value as PickedPhoto[]).filter((photo) => photo.attachmentId).map((photo) => ({
        attachment: photo.attachmentId,
        kind: photo.file.type.startsWith('video/') ? 'video' : (field.photoKind ?? 'near'),
      }))
    case 'shares':
      return (value as Share[]).filter((share) => share.department)
    case 'place': {
      const { address, lng, lat } = value as PlaceValue
      return lng === null || lat === null ? { address } : { address, lng, lat }
    }
    default:
      return value
  }
}
/** The command as it is sent. Empty fields stay out. */
export function stepBody(step: string, values: Values, view: CaseView | null): StepBody {
  const form = formOf(step)
  const before = initialValues(form, view)
  const sent = shownFields(form, values).flatMap((field) => {
    const value = values[field.name]
    const blank = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
    if (blank) return []
    if (form.changesOnly && JSON.stringify(value) === JSON.stringify(before[field.name])) return []
    return [[field.name, onTheWire(field, value)] as const]
  })
  return { step, ...Object.fromEntries(sent) }
}
