/** The questions and commands about cases. One function an operation; refusals are thrown as `ProblemError`. */
import { body, createApi, newId } from '@/api'
import type {
  BatchView, CasePage, CaseView, ClassHitView, CaseLine, CollectorView, CountView, DuplicateView, FactView, HandlerView, PlaceHit, PlaceView,
  ProposalView, SavedView, ServiceView, VocabularyView, WorkbenchView,
} from './types'
import type { ApiQuery } from './filters'

type Init = { params?: { query?: object; path?: object }; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal }
type Call = (path: string, init?: Init) => Promise<{ data?: unknown; response: Response }>
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
const client = createApi<Record<string, never>>() as unknown as Record<Method, Call>

export function ask<T>(path: string, query: object = {}, signal?: AbortSignal): Promise<T> {
  return body(client.GET(path, { params: { query }, signal }) as Promise<{ data?: T; response: Response }>)
}
export function tell<T>(method: Exclude<Method, 'GET'>, path: string, sent?: unknown): Promise<T> {
  return body(client[method](path, { body: sent }) as Promise<{ data?: T; response: Response }>)
}
const of = (id: string) => `/api/cases/${encodeURIComponent(id)}`

export const listCases = (query: ApiQuery, cursor: string | null, signal?: AbortSignal, limit = 50) =>
  ask<CasePage>('/api/cases', { ...query, limit, ...(cursor ? { cursor } : {}) }, signal)
export const countCases = (query: ApiQuery, groupBy?: string, signal?: AbortSignal) =>
  ask<CountView>('/api/cases/count', { ...query, ...(groupBy ? { group_by: groupBy } : {}) }, signal)

export interface CaseFeature {
  geometry: { coordinates: [number, number] }
  properties: { number: string; stage: string; light: string; urgent: boolean; class: string | null }
}
export const geoCases = (query: ApiQuery, signal?: AbortSignal) => ask<{ features: CaseFeature[]; total: number }>('/api/cases/geo', query, signal)

export const seeCase = (id: string, signal?: AbortSignal) => ask<CaseView>(of(id), {}, signal)
export const seeFacts = (id: string, signal?: AbortSignal) => ask<{ items: FactView[] }>(`${of(id)}/facts`, {}, signal).then(({ items }) => items)
export const workbench = (signal?: AbortSignal) => ask<WorkbenchView>('/api/workbench', {}, signal)
export const vocabulary = (signal?: AbortSignal) => ask<VocabularyView>('/api/vocabulary', {}, signal)
export const savedViews = (signal?: AbortSignal) => ask<SavedView[]>('/api/views', {}, signal)
export const putViews = (views: SavedView[]) => tell<void>('PUT', '/api/views', views)

export const proposalsFor = (id: string, signal?: AbortSignal) => ask<ProposalView[]>(`${of(id)}/proposals`, {}, signal)
export const proposalsAt = (query: { class: string; lng?: number; lat?: number }, signal?: AbortSignal) => ask<ProposalView[]>('/api/proposals', query, signal)
export const collectorsFor = (id: string, signal?: AbortSignal) => ask<CollectorView[]>(`${of(id)}/collectors`, {}, signal)
export const handlersFor = (id: string, signal?: AbortSignal) => ask<HandlerView[]>(`${of(id)}/handlers`, {}, signal)
export const searchClasses = (q: string, signal?: AbortSignal, limit = 8) => ask<ClassHitView[]>('/api/classes/search', { q, limit }, signal)
export const searchPlaces = (q: string, signal?: AbortSignal) => ask<PlaceHit[]>('/api/places/find', { q, limit: 12 }, signal)
/** The classes with the questions each asks, in the city of the person who is signed in. */
export const servicesOf = (city: string, signal?: AbortSignal) =>
  body(client.GET('/api/public/services', { headers: { 'x-city': city }, signal }) as Promise<{ data?: { services: ServiceView[] }; response: Response }>).then(({ services }) => services)
export const placeAt = (at: { lng: number; lat: number }, signal?: AbortSignal) => ask<PlaceView>('/api/places/at', at, signal)
export const callers = (phone: string, signal?: AbortSignal) => ask<CaseLine[]>('/api/callers', { phone }, signal)
export const findDuplicates = (sent: { class?: string; text: string; lng?: number; lat?: number; attachments: string[] }) =>
  tell<DuplicateView[]>('POST', '/api/duplicates', sent)

export interface ReporterIn {
  name: string
  phone: string
  email: string
  callback: boolean
  public: boolean
  language: string
}
export interface ReportIn {
  id: string
  source: string
  text: string
  place: { lng?: number; lat?: number; address: string }
  class?: string
  criterion?: number
  attributes?: Record<string, string>
  evidence: { attachment: string; kind: string }[]
  urgent: boolean
  consultation: boolean
  reporter?: ReporterIn
  then: 'report' | 'accept' | 'file'
}
export const reportCase = (report: ReportIn) => tell<CaseView>('POST', '/api/cases', report)
export const joinCase = (id: string, sent: { text: string; source: string; reporter?: ReporterIn }) =>
  tell<CaseView>('POST', `${of(id)}/join`, { id: newId(), ...sent })

/** A step as it is sent: its name and its own fields. */
export type StepBody = { step: string } & Record<string, unknown>
export const takeStep = (id: string, step: StepBody, version: number | null, commandId: string = newId()) =>
  tell<CaseView>('POST', `${of(id)}/steps`, { command_id: commandId, version, ...step })
export const takeSteps = (ids: string[], step: StepBody) => tell<BatchView>('POST', '/api/cases/steps', { ids, step })

/** The case says on whose behalf the photo is seen. */
export const photoUrl = (attachment: string, of: string, size: 'thumb' | 'full' = 'full') => `/api/attachments/${attachment}?size=${size}&case=${of}`
export const printUrl = (id: string) => `${of(id)}/print`
