/** Streets by name, and what lies at a point. */
import type { LngLat } from '@/map/geo'
import { t } from '@/i18n'
import { ask } from './ask'
import { type Words, say } from './wire'

export interface PlaceHit extends LngLat {
  label: string
  grid: string | null
  street: Words | null
}
interface PlaceView {
  grid: string | null
  path: Words[]
  near: PlaceHit | null
  near_metres: number | null
  inside_city: boolean
}

/** `base` is `/api/places` for those signed in, `/api/public/places` for everybody. */
export const placesAt = (base: '/api/places' | '/api/public/places') => ({
  search: (q: string, signal: AbortSignal) => ask<PlaceHit[]>('GET', `${base}/search`, { query: { q }, signal }),
  /** In words: street nearby, then community and street office. */
  async describe({ lng, lat }: LngLat, signal: AbortSignal): Promise<string | null> {
    const view = await ask<PlaceView>('GET', `${base}/at`, { query: { lng, lat }, signal })
    const near = view.near && (view.near_metres ?? 0) < 300 ? t('offline.near_street', { street: view.near.label, metres: Math.round(view.near_metres ?? 0) }) : null
    const inside = view.path.slice(-2).reverse().map(say).filter(Boolean)
    return [near, ...inside].filter(Boolean).join(' · ') || null
  },
})
export type Places = ReturnType<typeof placesAt>
