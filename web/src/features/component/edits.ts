/** Edit batches: several changes drawn up together, checked, looked over by somebody else, published as one. */
import { newId } from '@/api'
import { ask, tell } from '@/records/api'
import type { PersonView, Words } from '@/records/types'
import type { ComponentStep, RegisterIn } from '@/registry/api'

export const EDIT_STATES = ['draft', 'in_review', 'published', 'discarded'] as const
export type EditState = (typeof EDIT_STATES)[number]
export type EditCommand = { kind: 'register'; component: RegisterIn } | { kind: 'step'; code: string; base_version: number; step: ComponentStep }
/** Commands drawn up from a list in one go: each is one request, and a person looks over each. */
export const EDITS_MAX = 200
export interface EditView {
  id: string
  version: number
  title: string
  note: string
  state: EditState
  by: PersonView
  at: number
  count: number
  submitted_at: number | null
  reviewed_by: PersonView | null
  reviewed_at: number | null
  /** Why it was returned. */
  reason: string
  /** `edit`, `submit`, `return`, `publish`, `discard`. */
  actions: string[]
  /** Only when one batch is asked for. */
  commands?: { number: number; at: number; command: EditCommand }[]
}
export interface EditFinding {
  command: number
  component: string | null
  severity: 'error' | 'warning'
  kind: string
  field: string | null
  message: Words
  other: string | null
  lng: number | null
  lat: number | null
}
export interface EditReport {
  errors: number
  warnings: number
  findings: EditFinding[]
}
const of = (id: string) => `/api/edits/${encodeURIComponent(id)}`
export const listBatches = (state: EditState | null, signal?: AbortSignal) => ask<{ items: EditView[] }>('/api/edits', state ? { state } : {}, signal).then(({ items }) => items)
export const seeBatch = (id: string, signal?: AbortSignal) => ask<EditView>(of(id), {}, signal)
export const checkBatch = (id: string, signal?: AbortSignal) => ask<EditReport>(`${of(id)}/check`, {}, signal)
export const newBatch = (title: string, note = '') => tell<EditView>('POST', '/api/edits', { id: newId(), title, note })
export const addEdit = (id: string, command: EditCommand) => tell<EditView>('POST', `${of(id)}/commands`, { command })
export const undoEdit = (id: string) => tell<EditView>('DELETE', `${of(id)}/commands/last`)
export const takeBatchStep = (id: string, step: { step: 'submit' | 'publish' | 'discard' } | { step: 'return'; reason: string }) => tell<EditView>('POST', `${of(id)}/steps`, step)
