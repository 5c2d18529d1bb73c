/** The address store: a list, one address with its versions, changes. */
import { ask, tell } from '@/records/api'

export const KINDS = ['street', 'door', 'poi', 'zone', 'region'] as const
export interface AddressRow {
  kind: string
  name_zh?: string
  name_en?: string
  aliases?: string[]
  door?: string | null
  area?: string
  /** Well-known text in CGCS2000. */
  place: string
  weight?: number
  source?: string
  valid_from?: number | null
  valid_until?: number | null
}
export interface AddressView {
  id: string
  version: number | null
  changed_at: number | null
  changed_by: { name: { zh: string; en: string } } | null
  removed: boolean
  lng: number
  lat: number
  grid: string | null
  address: AddressRow
}
export interface AddressPage {
  items: AddressView[]
  next: string | null
  total: number
  filling: boolean
}
const of = (id: string) => `/api/places/${encodeURIComponent(id)}`
const basedOn = (version: number): Record<string, string> => (version === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` })

export const listAddresses = (query: { q?: string; kind?: string; after?: string; limit: number }, signal?: AbortSignal) => ask<AddressPage>('/api/places', query, signal)
export const seeAddress = (id: string, signal?: AbortSignal) => ask<AddressView>(of(id), {}, signal)
export const addressHistory = (id: string, signal?: AbortSignal) => ask<{ items: AddressView[] }>(`${of(id)}/history`, {}, signal).then(({ items }) => items)
export const putAddress = (id: string, version: number, value: AddressRow) => tell<AddressView>('PUT', of(id), { value }, basedOn(version))
export const removeAddress = (id: string, version: number) => tell<AddressView>('DELETE', of(id), undefined, basedOn(version))
