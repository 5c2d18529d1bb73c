/** Questions and steps of registers. One function an operation. */
import { newId } from '@/api'
import { ask, tell } from '@/records/api'
import type { CheckedPack, DuePage, EntryPage, EntryView, HistoryLine, PackView, RecordsView, ScoresView } from './types'

const of = (register: string, code?: string) => `/api/registers/${encodeURIComponent(register)}${code === undefined ? '' : `/${encodeURIComponent(code)}`}`

export const entries = (register: string, query: object, signal?: AbortSignal) => ask<EntryPage>(of(register), query, signal)
export const entry = (register: string, code: string, signal?: AbortSignal) => ask<EntryView>(of(register, code), {}, signal)
export const records = (register: string, code: string, signal?: AbortSignal) => ask<RecordsView>(`${of(register, code)}/records`, {}, signal)
export const history = (register: string, code: string, signal?: AbortSignal) => ask<HistoryLine[]>(`${of(register, code)}/history`, {}, signal)
export const scores = (register: string, query: object, signal?: AbortSignal) => ask<ScoresView>(`${of(register)}/scores`, query, signal)
export const due = (register: string, query: object, signal?: AbortSignal) => ask<DuePage>(`${of(register)}/due`, query, signal)
export const create = (register: string, sent: object) => tell<EntryView>('POST', of(register), sent)
export const step = (register: string, code: string, version: number, sent: object) => tell<EntryView>('POST', `${of(register, code)}/steps`, { id: newId(), expected_version: version, ...sent })
export const inspect = (register: string, code: string, sent: object) => tell<RecordsView>('POST', `${of(register, code)}/inspections`, sent)
export const offend = (register: string, code: string, sent: object) => tell<RecordsView>('POST', `${of(register, code)}/offences`, sent)
export const withdraw = (register: string, code: string, offence: string, reason: string) => tell<RecordsView>('POST', `${of(register, code)}/offences/${offence}/withdraw`, { reason })
export const raise = (register: string, code: string, sent: object) => tell<{ case: string; number: string; entry: EntryView }>('POST', `${of(register, code)}/cases`, sent)
export const packs = (signal?: AbortSignal) => ask<PackView[]>('/api/packs', {}, signal)
export const checkPack = (id: string, files: { name: string; text: string }[]) => tell<CheckedPack>('POST', '/api/packs/check', { id, files })
export const switchPack = (id: string, enabled: boolean, version: number) => tell<PackView[]>('POST', `/api/packs/${encodeURIComponent(id)}`, { enabled, expected_version: version })
export const fileOf = (register: string, code: string, id: string, size?: 'thumb') => `${of(register, code)}/attachments/${id}${size ? `?size=${size}` : ''}`
