/** Questions and changes of administration. One function an operation; refusals are thrown as `ProblemError`. */
import { API_BASE, ProblemError, body, createApi, standardHeaders } from '@/api'
import type { CatalogueView, Edition, Holidays, MigrationView, RecordKind, RecordView, Vocabulary } from './types'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
type Call = (path: string, init?: { params?: { query?: object }; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal }) => Promise<{ data?: unknown; response: Response }>
const client = createApi<Record<string, never>>() as unknown as Record<Method, Call>

export function ask<T>(path: string, query: object = {}, signal?: AbortSignal): Promise<T> {
  return body(client.GET(path, { params: { query }, signal }) as Promise<{ data?: T; response: Response }>)
}
export function tell<T>(method: Exclude<Method, 'GET'>, path: string, sent?: unknown, headers?: Record<string, string>): Promise<T> {
  return body(client[method](path, { body: sent, headers }) as Promise<{ data?: T; response: Response }>)
}

const of = (kind: string, key: string) => `/api/records/${kind}/${encodeURIComponent(key)}`
export const listRecords = <T>(kind: RecordKind, signal?: AbortSignal) => ask<{ items: RecordView<T>[] }>(`/api/records/${kind}`, {}, signal).then(({ items }) => items)
export const readRecord = <T>(kind: RecordKind, key: string) => ask<RecordView<T>>(of(kind, key))
export const recordHistory = <T>(kind: RecordKind, key: string, signal?: AbortSignal) => ask<{ items: RecordView<T>[] }>(`${of(kind, key)}/history`, {}, signal).then(({ items }) => items)
/** Version 0 makes a new record; any other must still be the newest. */
const basedOn = (version: number): Record<string, string> => (version === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` })
export const putRecord = <T>(kind: RecordKind, key: string, version: number, value: T) => tell<RecordView<T>>('PUT', of(kind, key), { value }, basedOn(version))
export const removeRecord = (kind: RecordKind, key: string, version: number) => tell<RecordView>('DELETE', of(kind, key), undefined, basedOn(version))

export const vocabulary = (signal?: AbortSignal) => ask<Vocabulary>('/api/vocabulary', {}, signal)
export const catalogue = (edition: Edition, signal?: AbortSignal) => ask<CatalogueView>('/api/catalogue', { edition }, signal)
export const holidays = (signal?: AbortSignal) => ask<Holidays>('/api/holidays', {}, signal)
export const migrateProcedure = (version: number, dryRun: boolean) => tell<MigrationView>('POST', `/api/procedures/${version}/migrate?dry_run=${dryRun}`)
export const resetPassword = (person: number) => tell<{ password: string }>('POST', `/api/people/${person}/password-reset`)
export const unlock = (person: number) => tell<void>('POST', `/api/people/${person}/unlock`)
export const endSessions = (person: number) => tell<void>('DELETE', `/api/people/${person}/sessions`)
export const handOver = (from: number | null, to: number) =>
  tell<{ moved: number; left: { id: string; code: string }[] }>('POST', '/api/shifts/hand-over', from === null ? { to } : { from, to })

/** One file sent as a form. */
export async function sendFile<T>(path: string, file: File): Promise<T> {
  const form = new FormData()
  form.append('file', file)
  let response: Response
  try {
    response = await fetch(path, { method: 'POST', body: form, headers: standardHeaders('POST'), credentials: 'same-origin' })
  } catch (cause) {
    throw ProblemError.unreached(cause)
  }
  if (!response.ok) throw await ProblemError.fromResponse(response)
  return (await response.json()) as T
}

/** Fetches a file and hands it to the browser to keep, so that a refusal is told in words instead of a broken download. */
export async function download(path: string, query: Record<string, string | number | undefined>, fallbackName: string): Promise<void> {
  const url = new URL(path.startsWith(API_BASE) ? path : `${API_BASE}${path}`, location.origin)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  let response: Response
  try {
    response = await fetch(url, { headers: standardHeaders('GET'), credentials: 'same-origin' })
  } catch (cause) {
    throw ProblemError.unreached(cause)
  }
  if (!response.ok) throw await ProblemError.fromResponse(response)
  const named = /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(response.headers.get('content-disposition') ?? '')?.[1]
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = named ? decodeURIComponent(named) : fallbackName
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
