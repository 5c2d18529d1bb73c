/** Questions and wishes about files in and out. */
import { ask, sendFile, tell } from '@/records/api'
import type { Target } from '@/registry/transfer'
import type { Encoding, Field, Places, Plan, Profile, Transfer } from './types'

const at = (id: string) => `/api/transfers/${id}`
export const upload = (file: File) => sendFile<Transfer>('/api/transfers', file)
export const transfers = (signal?: AbortSignal) => ask<{ items: Transfer[] }>('/api/transfers', {}, signal).then(({ items }) => items)
export const transfer = (id: string, signal?: AbortSignal) => ask<Transfer>(at(id), {}, signal)
export const lookAgain = (id: string, encoding: Encoding) => tell<Transfer>('POST', `${at(id)}/look?encoding=${encoding}`)
export const guess = (id: string, target: Target) => ask<Plan>(`${at(id)}/guess`, target)
export const places = (id: string, plan: Plan) => tell<Places>('POST', `${at(id)}/places`, plan)
export const tryRows = (id: string, plan: Plan) => tell<Transfer>('POST', `${at(id)}/check`, plan)
export const run = (id: string, plan: Plan) => tell<Transfer>('POST', `${at(id)}/run`, plan)
export const stop = (id: string) => tell<Transfer>('POST', `${at(id)}/stop`)
export const forget = (id: string) => tell<void>('DELETE', at(id))
export const fields = (target: Target, signal?: AbortSignal) => ask<{ items: Field[] }>('/api/transfer-fields', target, signal).then(({ items }) => items)
export const profiles = (signal?: AbortSignal) => ask<{ items: Profile[] }>('/api/transfer-profiles', {}, signal).then(({ items }) => items)
export const saveProfile = (name: string, version: number, plan: Plan) =>
  tell<{ items: Profile[] }>('PUT', `/api/transfer-profiles/${encodeURIComponent(name)}`, { version, plan })
export const removeProfile = (name: string, version: number) => tell<void>('DELETE', `/api/transfer-profiles/${encodeURIComponent(name)}?version=${version}`)
