/**
 * Filters live in the URL, so Back works and any view can be sent to a colleague.
 *
 *   const filters = useUrlState({ stage: list(), overdue: flag(), q: text() })
 *   filters.stage = ['handling']     // → ?stage=handling
 */
import { computed, nextTick, reactive } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'

/** How one filter is written in the URL. A value equal to the default leaves the URL. */
export interface UrlField<T> {
  read: (text: string | null) => T
  write: (value: T) => string | null
}

export const text = (fallback = ''): UrlField<string> => ({
  read: (t) => t ?? fallback,
  write: (v) => (v === fallback ? null : v),
})
export const flag = (): UrlField<boolean> => ({
  read: (t) => t === '' || t === 'true' || t === '1',
  write: (v) => (v ? 'true' : null),
})
export const number = (fallback: number | null = null): UrlField<number | null> => ({
  read: (t) => (t === null || t === '' || !Number.isFinite(Number(t)) ? fallback : Number(t)),
  write: (v) => (v === fallback || v === null ? null : String(v)),
})
export const list = <T extends string = string>(): UrlField<T[]> => ({
  read: (t) => (t ? (t.split(',').map(decodeURIComponent) as T[]) : []),
  write: (v) => (v.length ? v.map((item) => item.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',') : null),
})
export const choice = <T extends string>(options: readonly T[], fallback: T): UrlField<T> => ({
  read: (t) => options.find((option) => option === t) ?? fallback,
  write: (v) => (v === fallback ? null : v),
})

/** The filters as one reactive object. Changes in one tick become one history entry (`push`) or none (default). */
export function useUrlState<V extends object>(
  fields: { [K in keyof V]: UrlField<V[K]> },
  options: { push?: boolean } = {},
): V & { clear: () => void } {
  const route = useRoute()
  const router = useRouter()
  let pending: LocationQueryRaw | null = null

  function change(name: string, value: string | null) {
    if (pending === null) {
      pending = { ...route.query }
      void nextTick(() => {
        const query = pending ?? {}
        pending = null
        void router[options.push ? 'push' : 'replace']({ query, hash: route.hash })
      })
    }
    if (value === null) delete pending[name]
    else pending[name] = value
  }

  const entries = Object.entries<UrlField<unknown>>(fields as never).map(([name, field]) => [
    name,
    computed({
      get: () => {
        const raw = route.query[name]
        return field.read((Array.isArray(raw) ? raw[0] : raw) ?? null)
      },
      set: (value) => change(name, field.write(value)),
    }),
  ])
  const clear = () => {
    for (const name of Object.keys(fields)) change(name, null)
  }
  return reactive({ ...Object.fromEntries(entries), clear }) as never
}
