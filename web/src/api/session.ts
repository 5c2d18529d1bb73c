/** Who is signed in. Filled once by the product's entry from the server's answer; the frame and the rail read it. */
import { defineStore } from 'pinia'

export interface City {
  code: string
  name: { zh: string; en: string }
  lng: number
  lat: number
  zoom: number
  /** West, south, east, north in degrees. */
  bounds: [number, number, number, number]
  demo: boolean
  /** To be said on every screen. */
  notice?: { zh: string; en: string } | null
  basemap: string
  zone: string
}
export interface Me {
  id: string
  name: string
  roles: readonly string[]
  department?: string | null
  departmentId?: number
  account?: string
  /** Functions open to this person, as the server's words: `intake`, `dispatch`, `export`, … */
  may?: readonly string[]
  city?: City
  mustChangePassword?: boolean
}

export const useSession = defineStore('session', {
  state: () => ({ me: null as Me | null, known: false }),
  getters: {
    has: (state) => (role: string) => state.me?.roles.includes(role) ?? false,
    may: (state) => (what: string) => state.me?.may?.includes(what) ?? false,
  },
  actions: {
    signedIn(me: Me) {
      this.me = me
      this.known = true
    },
    signedOut() {
      this.me = null
      this.known = true
    },
  },
})
