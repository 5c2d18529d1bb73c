/** The city this server runs: where the map opens, whose clock counts. Remembered, so that a page opens without a line too. */
import { type Basemap, basemapFile } from '@/map/style'
import { setCityTimeZone } from '@/ui/time'
import type { CityView } from './wire'

export function keptJson<T>(key: string): T | undefined {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? 'null') as T | null) ?? undefined
  } catch {
    return undefined
  }
}

/** From now on times are shown in the city's zone. */
export function inCity<T extends { city: CityView | null }>(answer: T): T {
  if (answer.city) setCityTimeZone(answer.city.zone)
  return answer
}

export const basemapOf = (city: CityView | null | undefined): Basemap => basemapFile(city?.basemap)

/** An answer that opens the page at once the next time, also without a line. */
export function keep<T extends { city: CityView | null }>(key: string, answer: T): T {
  localStorage.setItem(key, JSON.stringify(answer))
  return inCity(answer)
}
export function kept<T extends { city: CityView | null }>(key: string): T | undefined {
  const answer = keptJson<T>(key)
  return answer ? inCity(answer) : undefined
}
