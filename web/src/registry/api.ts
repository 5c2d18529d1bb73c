/** Questions and changes of the registry. One function an operation; refusals are thrown as `ProblemError`. */
import { newId } from '@/api'
import { ask, tell } from '@/records/api'
import type { Body, ComponentPage, ComponentView, HistoryEntry, ThingLine, ThingPage } from './types'

export type { ComponentLine, ThingLine } from './types'
/** Which things of a layer are asked for. Several values of a key are repeated. */
export interface ThingsQuestion {
  class?: string[]
  major?: string[]
  state?: string[]
  bbox?: string
  /** A polygon as well-known text. */
  within?: string
}
const of = (code: string) => `/api/components/${encodeURIComponent(code)}`
export const PAGE = 100

/** What the map shows of a layer, as a list. */
export const listThings = (layer: string, question: ThingsQuestion, after: number | null, signal?: AbortSignal, limit = PAGE) =>
  ask<ThingPage>('/api/things', { layer, ...question, limit, ...(after === null ? {} : { after }) }, signal)
/** A thing the map knows by its serial. */
export const seeThing = (serial: number, signal?: AbortSignal) => ask<ThingLine>(`/api/things/${serial}`, {}, signal)

/** Components by conditions that must all hold; a class or grid stands for everything inside. */
export interface Select {
  class?: string[]
  grid?: string[]
  state?: string[]
  bbox?: string
  within?: string
  confirmed?: boolean
  surveyed_before?: string
}
export interface ComponentsQuestion extends Select {
  /** The code begins so, or the name holds it. */
  q?: string
}
export const listComponents = (question: ComponentsQuestion, after: string | null, signal?: AbortSignal, limit = PAGE) =>
  ask<ComponentPage>('/api/components', { ...question, limit, ...(after === null ? {} : { after }) }, signal)
export const seeComponent = (code: string, signal?: AbortSignal) => ask<ComponentView>(of(code), {}, signal)
export const componentHistory = (code: string, signal?: AbortSignal) => ask<{ items: HistoryEntry[] }>(`${of(code)}/history`, {}, signal).then(({ items }) => items)
export const qrUrl = (code: string) => `${of(code)}/qr.svg`
export const attachmentUrl = (code: string, attachment: string, size: 'thumb' | 'full' = 'full') => `${of(code)}/attachments/${attachment}?size=${size}`

/** New values; what is left out stays, lists are replaced whole. */
export interface ChangeIn {
  name?: string
  supervisor?: Body
  owner?: Body
  maintainer?: Body
  source?: string
  note?: string
  height_m?: number
  relations?: { kind: string; to: string }[]
  documents?: { id: string; title: string; expires_on?: string }[]
  photos?: string[]
  extra?: Record<string, string>
}
export type ComponentStep =
  | { step: 'change'; change: ChangeIn }
  | { step: 'move'; place: string; accuracy: string }
  | { step: 'set_state'; state: string; reason: string }
  | { step: 'confirm_ownership'; owner: Body }
  | { step: 'remove'; reason: string }
export const takeComponentStep = (code: string, version: number, step: ComponentStep, commandId: string = newId()) =>
  tell<ComponentView>('POST', `${of(code)}/steps`, { command_id: commandId, version, ...step })
export interface RegisterIn {
  class: string
  place: string
  accuracy: string
  state: string
  values: ChangeIn
}
export const registerComponent = (component: RegisterIn, commandId: string = newId()) => tell<ComponentView>('POST', '/api/components', { command_id: commandId, ...component })

export interface BatchView {
  matched: number
  changed: number
  /** They are so already. */
  unchanged: number
  refused: number
  refusals: { code: string; field: string; reason: string; message: { zh: string; en: string } }[]
  written: boolean
}
/** The same change to all of a selection: counted by a dry run, then written in one piece. */
export const changeAll = (sent: { command_id: string; select: Select; change?: ChangeIn; state?: string; reason?: string; dry_run?: boolean; expected?: number }) => tell<BatchView>('POST', '/api/components/batch', sent)
