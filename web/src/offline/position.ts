/** Where the phone is. Asked for once by a button, or followed where the person has agreed before. */
import { type Ref, onScopeDispose, ref } from 'vue'
import { t } from '@/i18n'
import type { LngLat } from '@/map/geo'

export interface Fix extends LngLat {
  accuracyM: number
  at: number
}

const fixOf = ({ coords, timestamp }: GeolocationPosition): Fix => ({
  lng: coords.longitude,
  lat: coords.latitude,
  accuracyM: Math.round(coords.accuracy),
  at: timestamp,
})
const wordsOf = (error: GeolocationPositionError) =>
  t('map.my_position_failed', { reason: t(error.code === error.PERMISSION_DENIED ? 'map.position_denied' : 'map.position_unavailable') })

export interface Position {
  fix: Ref<Fix | null>
  locating: Ref<boolean>
  problem: Ref<string | null>
  /** Asks the phone now; the browser may ask the person. */
  locate(): Promise<Fix | null>
}

/** `follow` keeps the position fresh while the screen is open, once it is allowed. */
export function usePosition(options: { follow?: boolean } = {}): Position {
  const fix = ref<Fix | null>(null)
  const locating = ref(false)
  const problem = ref<string | null>(null)
  let watching: number | undefined

  function follow() {
    if (!options.follow || watching !== undefined) return
    watching = navigator.geolocation.watchPosition((position) => (fix.value = fixOf(position)), () => {}, { enableHighAccuracy: true, maximumAge: 10_000 })
  }
  function locate(): Promise<Fix | null> {
    if (!('geolocation' in navigator)) {
      problem.value = t('map.my_position_failed', { reason: t('map.position_unavailable') })
      return Promise.resolve(null)
    }
    locating.value = true
    problem.value = null
    return new Promise((resolve) => {
      navigator.geolocation.getCurrentPosition(
        (position) => {
          locating.value = false
          fix.value = fixOf(position)
          follow()
          resolve(fix.value)
        },
        (error) => {
          locating.value = false
          problem.value = wordsOf(error)
          resolve(null)
        },
        { enableHighAccuracy: true, timeout: 15_000, maximumAge: 5_000 },
      )
    })
  }
  // Without a question to the person, only where the answer is known to be yes.
  if ('permissions' in navigator) {
    navigator.permissions
      .query({ name: 'geolocation' })
      .then((permission) => permission.state === 'granted' && void locate())
      .catch(() => {})
  }
  onScopeDispose(() => {
    if (watching !== undefined) navigator.geolocation.clearWatch(watching)
  })
  return { fix, locating, problem, locate }
}
