/** Places by name, and what lies at a point. */
import type { LngLat } from '@/map/geo'
import { ask } from './ask'
import { type Words, say } from './wire'

export interface PlaceHit extends LngLat {
  label: Words
  grid: string | null
  street: Words | null
}
interface PlaceView {
  grid: string | null
  path: Words[]
  /** The address in words. */
  address: Words | null
  inside_city: boolean
}

/** `base` is `/api/places` for those signed in, `/api/public/places` for everybody. */
export const placesAt = (base: '/api/places' | '/api/public/places') => ({
  search: (q: string, signal: AbortSignal) => ask<PlaceHit[]>('GET', `${base}/find`, { query: { q, limit: 6 }, signal }),
  /** In words: the address, else community and street office. */
  async describe({ lng, lat }: LngLat, signal: AbortSignal): Promise<string | null> {
    const view = await ask<PlaceView>('GET', `${base}/at`, { query: { lng, lat }, signal })
    return say(view.address) || view.path.slice(-2).reverse().map(say).filter(Boolean).join(' · ') || null
  },
})
export type Places = ReturnType<typeof placesAt>
