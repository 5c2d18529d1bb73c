/** The base maps a city offers, and the one this person looks at. */
import { computed, ref } from 'vue'
import type { Locale } from '@/i18n'
import type { Datum } from './datum'
import { type Basemap, cityBasemap, defaultBasemap } from './style'

/** As `GET /api/basemaps` answers. */
export interface BasemapView {
  id: string
  name: { zh: string; en: string }
  kind: string
  layers: string[][]
  datum: string
  tms: boolean
  attribution: string
  min_zoom: number
  max_zoom: number
  detail_zoom?: number | null
  tile_size: number
}
const CHOSEN = 'yw.basemap'

export const offered = ref<BasemapView[]>([])
const wished = ref(read())
/** The one that is shown: what was chosen, else the first. */
export const shownId = computed(() => (offered.value.find((one) => one.id === wished.value) ?? offered.value[0])?.id ?? null)
export const basemapName = (one: BasemapView, locale: Locale): string => (locale === 'en' ? one.name.en || one.name.zh : one.name.zh || one.name.en)

function read(): string | null {
  try {
    return localStorage.getItem(CHOSEN)
  } catch {
    return null
  }
}

export function asBasemap(one: BasemapView): Basemap {
  const vector = one.kind === 'vector'
  return {
    kind: vector ? 'vector' : 'raster',
    tiles: one.layers[0]?.[0] ?? '',
    attribution: one.attribution,
    glyphs: defaultBasemap.glyphs,
    minZoom: one.min_zoom,
    maxZoom: one.max_zoom,
    detailZoom: one.detail_zoom ?? null,
    tileSize: one.tile_size,
    pictures: vector ? undefined : { id: one.id, layers: one.layers, datum: one.datum as Datum, tms: one.tms, size: one.tile_size, maxZoom: one.max_zoom },
  }
}
function show() {
  const one = offered.value.find(({ id }) => id === shownId.value)
  if (one) cityBasemap.value = asBasemap(one)
}
/** What the server offers; without any the map stays as it is. */
export function offer(all: readonly BasemapView[]): void {
  offered.value = [...all]
  show()
}
/** Remembered in this browser. */
export function choose(id: string): void {
  wished.value = id
  try {
    localStorage.setItem(CHOSEN, id)
  } catch {
    // A browser that keeps nothing shows it until the page is closed.
  }
  show()
}
