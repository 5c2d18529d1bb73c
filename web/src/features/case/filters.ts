/**
 * Filters of a list, in the URL under the API's own names, so that any view can be sent to a colleague and the
 * server's own links work. A key with several values is written once, separated by commas.
 */
import { computed, nextTick } from 'vue'
import { type LocationQuery, type LocationQueryRaw, useRoute, useRouter } from 'vue-router'

/** Filters with any number of values. */
export const MANY = [
  'stage', 'source', 'kind', 'edition', 'major', 'class', 'area', 'department', 'handler', 'collector', 'intake', 'reported_by', 'level',
  'light', 'urged', 'approval', 'parent', 'audit',
] as const
/** Filters that are yes or no. */
export const FLAGS = [
  'overdue', 'total_overdue', 'on_time', 'urgent', 'major_case', 'public', 'satisfied', 'has_duplicates', 'merged', 'is_child', 'ended',
  'synthesised', 'located', 'handled_by_me',
] as const
/** Moments, as epoch milliseconds. */
export const MOMENTS = [
  'reported_from', 'reported_to', 'filed_from', 'filed_to', 'closed_from', 'closed_to', 'updated_from', 'updated_to', 'due_from', 'due_to',
] as const
/** Filters with one value of their own form. */
export const SINGLE = ['queue', 'q', 'rework_min', 'return_min', 'extension_min', 'suspension_min', 'bbox', 'near', 'sort'] as const

export type ManyKey = (typeof MANY)[number]
export type FlagKey = (typeof FLAGS)[number]
export type MomentKey = (typeof MOMENTS)[number]
export type SingleKey = (typeof SINGLE)[number]
export type FilterKey = ManyKey | FlagKey | MomentKey | SingleKey
export type Filters = Partial<Record<FilterKey, string[]>>
export type ApiQuery = Record<string, string | string[]>

const many = new Set<string>(MANY)
export const ALL_KEYS: readonly FilterKey[] = [...SINGLE, ...MANY, ...FLAGS, ...MOMENTS]

/** What the URL says. Both `a=1,2` and `a=1&a=2` are read. */
export function readFilters(query: LocationQuery): Filters {
  const filters: Filters = {}
  for (const key of ALL_KEYS) {
    const raw = query[key]
    const texts = (Array.isArray(raw) ? raw : [raw]).filter((text): text is string => typeof text === 'string' && text !== '')
    const values = many.has(key) ? texts.flatMap((text) => text.split(',')).filter(Boolean) : texts.slice(0, 1)
    if (values.length > 0) filters[key] = values
  }
  return filters
}
/** How one filter is written in the URL; undefined leaves it out. */
export function writeFilter(values: readonly string[]): string | undefined {
  return values.length > 0 ? values.join(',') : undefined
}
export function writeFilters(filters: Filters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).flatMap(([key, values]) => (values.length > 0 ? [[key, values.join(',')]] : [])))
}
/** As the API wants them: a key with several values is repeated. */
export function apiQuery(filters: Filters): ApiQuery {
  return Object.fromEntries(Object.entries(filters).map(([key, values]) => [key, many.has(key) ? values : (values[0] ?? '')]))
}
/** The same question as a query string, for a link to a file. */
export function queryString(query: ApiQuery): string {
  const out = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) for (const one of [value].flat()) out.append(key, one)
  return out.toString()
}
/** Filters a person has set, beside the queue and the order. */
export function setKeys(filters: Filters): FilterKey[] {
  return ALL_KEYS.filter((key) => key !== 'queue' && key !== 'sort' && key !== 'bbox' && (filters[key]?.length ?? 0) > 0)
}

/** The filters of this screen. Other parts of the query (`case`, `group`) stay as they are. */
export function useFilters(fixed: () => Filters = () => ({})) {
  const route = useRoute()
  const router = useRouter()
  const filters = computed(() => readFilters(route.query))
  const all = computed<Filters>(() => ({ ...fixed(), ...filters.value }))
  let pending: LocationQueryRaw | null = null

  function change(patch: Record<string, string | undefined>, push = false) {
    if (pending === null) {
      pending = { ...route.query }
      void nextTick(() => {
        const query = pending ?? {}
        pending = null
        void router[push ? 'push' : 'replace']({ query, hash: route.hash })
      })
    }
    for (const [key, value] of Object.entries(patch)) {
      if (value === undefined || value === '') delete pending[key]
      else pending[key] = value
    }
  }
  const set = (key: FilterKey, values: readonly string[], push = false) => change({ [key]: writeFilter(values) }, push)
  const clear = () => change(Object.fromEntries(setKeys(filters.value).map((key) => [key, undefined])))
  return { filters, all, api: computed(() => apiQuery(all.value)), set, change, clear }
}
