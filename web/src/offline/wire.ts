/** Shapes both phone products read from the server. */
import { currentLocale } from '@/i18n'
import type { LngLat } from '@/map/geo'

/** A text in both languages of the interface. */
export interface Words {
  zh: string
  en: string
}
/** The text in the language on the screen; reactive like `t`. */
export function say(words: Words | null | undefined): string {
  if (!words) return ''
  return currentLocale() === 'zh-CN' ? words.zh || words.en : words.en || words.zh
}

export interface CityView extends LngLat {
  code: string
  name: Words
  zoom: number
  /** West, south, east, north. */
  bounds: [number, number, number, number]
  demo: boolean
  /** File under `/basemap/`, empty when the city has none. */
  basemap: string
  zone: string
  now_at: number
}
export interface DemoAccount {
  account: string
  password: string
  role: string
  name: Words
  department: Words
}
export interface LoginOptions {
  city: CityView | null
  demo_accounts: DemoAccount[]
}
/** What an upload answers. */
export interface AttachmentView {
  id: string
  content_type: string
  shot_at: number | null
  lng: number | null
  lat: number | null
  thumb: boolean
}
