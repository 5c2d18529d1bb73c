/** Surveys (普查): rounds, who goes where, what was captured, how good it is. Mirrors `app::surveys`. */
import { newId } from '@/api'
import { ask, tell } from '@/records/api'
import type { PersonView, Words } from '@/records/types'
import type { ChangeIn, RegisterIn } from './api'
import type { ComponentLine } from './types'

export interface RoundIn {
  name: string
  classes: string[]
  areas: string[]
  from: string
  until: string
  assignments: { area: string; person: number }[]
  closed: boolean
  note: string
}
export interface RoundView {
  id: string
  version: number
  round: RoundIn
  /** Between its dates and not closed. */
  open: boolean
  total: number
  surveyed: number
  /** Captures that wait for a decision. */
  pending: number
  people: PersonView[]
  own_areas: string[]
}
export interface AreaProgress {
  code: string
  name: Words
  total: number
  surveyed: number
  confirmed: number
  people: PersonView[]
}
export interface PersonProgress {
  person: PersonView
  captures: Record<string, number>
  pending: number
  refused: number
}
export interface ProgressView {
  total: number
  surveyed: number
  areas: AreaProgress[]
  more_areas: boolean
  people: PersonProgress[]
}
export const CAPTURE_KINDS = ['confirm', 'correction', 'not_found', 'new'] as const
export type CaptureKind = (typeof CAPTURE_KINDS)[number]
export const CAPTURE_STATES = ['pending', 'accepted', 'refused'] as const
export type CaptureState = (typeof CAPTURE_STATES)[number]
export interface CaptureView {
  id: string
  round: string
  kind: CaptureKind
  state: CaptureState
  by: PersonView
  at: number
  component: string | null
  place: string
  grid: string
  sent: { state?: string | null; change?: ChangeIn | null; place?: string | null; component?: RegisterIn | null; photos: string[]; note: string }
  decided_by: PersonView | null
  decided_at: number | null
  reason: string
}
export interface SampleView {
  id: string
  by: PersonView
  at: number
  /** Captures there were to choose from. */
  of: number
  count: number
  visited: number
  wrong: number
  error_percent: number | null
  error_percent_max: number
  passed: boolean | null
  items: { capture: string; component: string | null; captured_by: PersonView; lng: number | null; lat: number | null; visited_by: PersonView | null; visited_at: number | null; agrees: boolean | null; note: string }[]
}
const of = (round: string) => `/api/surveys/${encodeURIComponent(round)}`
export const listRounds = (signal?: AbortSignal) => ask<{ items: RoundView[] }>('/api/surveys', {}, signal).then(({ items }) => items)
export const seeRound = (round: string, signal?: AbortSignal) => ask<RoundView>(of(round), {}, signal)
export const newRound = (round: RoundIn) => tell<RoundView>('POST', '/api/surveys', { id: newId(), round })
export const changeRound = (id: string, version: number, round: RoundIn) => tell<RoundView>('PUT', of(id), round, { 'if-match': `"${version}"` })
export const progressOf = (round: string, by: string, signal?: AbortSignal) => ask<ProgressView>(`${of(round)}/progress`, { by }, signal)
export const listCaptures = (round: string, query: { state?: CaptureState; kind?: CaptureKind; person?: number }, signal?: AbortSignal) => ask<{ items: CaptureView[]; next: string | null }>(`${of(round)}/captures`, { ...query, limit: 100 }, signal)
/** The photos a collector took, for those who decide about the capture. */
export const photoUrl = (capture: CaptureView, photo: string, size: 'thumb' | 'full' = 'full') => `${of(capture.round)}/captures/${encodeURIComponent(capture.id)}/attachments/${photo}?size=${size}`
export const decide = (round: string, captures: string[], accept: boolean, reason = '') =>
  tell<{ decided: CaptureView[]; left: { id: string; field: string; code: string }[] }>('POST', `${of(round)}/decisions`, { captures, accept, reason })
export const listSamples = (round: string, signal?: AbortSignal) => ask<{ items: SampleView[] }>(`${of(round)}/samples`, {}, signal).then(({ items }) => items)
export const drawSample = (round: string, count: number, seed: number, error_percent_max: number) => tell<SampleView>('POST', `${of(round)}/samples`, { id: newId(), count, seed, error_percent_max })
export const visit = (round: string, sample: string, capture: string, agrees: boolean, note: string) => tell<SampleView>('POST', `${of(round)}/samples/${encodeURIComponent(sample)}/visits`, { capture, agrees, note })
export const listUnconfirmed = (query: { department?: number }, after: string | null, signal?: AbortSignal) => ask<{ items: ComponentLine[]; next: string | null }>('/api/surveys/ownership', { ...query, limit: 100, ...(after ? { after } : {}) }, signal)
export interface DutyView {
  before: string
  total: number
  due: number
  areas: AreaProgress[]
  more_areas: boolean
}
export const dutyOf = (by: string, signal?: AbortSignal) => ask<DutyView>('/api/surveys/duty', { by }, signal)
