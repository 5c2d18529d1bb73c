/** Keeps the tile layers of a map as they are wished, through changes of style, and asks again for what changed. */
import type { Map, VectorTileSource } from 'maplibre-gl'
import type { Locale } from '@/i18n'
import type { Theme } from '@/ui/tokens'
import type { Box } from './ground'
import { type MapLayer, TILE_ZOOMS, chosenLayer, sourceId, tileLayers, tileSource } from './layers'
import { BELOW_CASES } from './style'
import { tilesAround } from './tiles'

interface Wish {
  layers: readonly MapLayer[]
  theme: Theme
  locale: Locale
  chosen: { layer: string; id: string } | null
}
const OURS = /^tiles:/
const key = (layer: MapLayer) => JSON.stringify([layer.kind, layer.points, layer.shapes, layer.groups, layer.colourBy, layer.oneBy, layer.names?.size])

/** Changes beyond this many a second are told together. */
const CALM_MS = 120

export class TileLayers {
  private shown = new globalThis.Map<string, string>()
  private wish: Wish | null = null
  private waiting = new globalThis.Map<string, Box | 'all'>()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly map: Map) {}

  /** After a new style, which has none of our layers. */
  forget() {
    this.shown.clear()
    if (this.wish) this.show(this.wish)
  }

  show(wish: Wish) {
    this.wish = wish
    const wanted = new globalThis.Map(wish.layers.map((layer) => [layer.id, layer]))
    for (const [id, was] of this.shown) {
      const layer = wanted.get(id)
      if (layer && key(layer) + wish.theme + wish.locale === was) continue
      this.takeAway(id)
    }
    for (const layer of wish.layers) {
      const source = this.map.getSource(sourceId(layer.id)) as VectorTileSource | undefined
      const spec = tileSource(layer)
      const url = spec.type === 'vector' ? (spec.tiles?.[0] ?? '') : ''
      if (source && this.shown.has(layer.id)) {
        if (source.tiles[0] !== url) source.setTiles([url])
        continue
      }
      this.map.addSource(sourceId(layer.id), spec)
      // Areas lie under everything else of ours.
      const before = this.map.getLayer(layer.kind === 'areas' ? 'heat' : BELOW_CASES) ? (layer.kind === 'areas' ? 'heat' : BELOW_CASES) : undefined
      for (const one of tileLayers(layer, wish.theme, wish.locale)) this.map.addLayer(one, before)
      this.shown.set(layer.id, key(layer) + wish.theme + wish.locale)
    }
    this.choose()
  }
  private takeAway(id: string) {
    for (const layer of this.map.getStyle().layers) if ('source' in layer && layer.source === sourceId(id)) this.map.removeLayer(layer.id)
    if (this.map.getSource(sourceId(id))) this.map.removeSource(sourceId(id))
    this.shown.delete(id)
  }
  private choose() {
    for (const id of ['picked-line', 'picked-ring']) if (this.map.getLayer(id)) this.map.removeLayer(id)
    const { layers, theme, chosen } = this.wish ?? { layers: [], theme: 'light' as Theme, chosen: null }
    const layer = layers.find((one) => one.id === chosen?.layer)
    if (layer && chosen) for (const one of chosenLayer(layer, chosen.id, theme)) this.map.addLayer(one)
  }

  /**
   * Something in the box changed: its tiles are asked for again, with their marks, so that unchanged ones cost a
   * header. Without a box, all of a layer's. Changes that come close together are asked for once.
   */
  changed(layers: readonly string[] | null, box: Box | null) {
    for (const id of this.shown.keys()) {
      if (layers && !layers.includes(id)) continue
      const was = this.waiting.get(id)
      this.waiting.set(id, box === null || was === 'all' ? 'all' : was ? { west: Math.min(was.west, box.west), south: Math.min(was.south, box.south), east: Math.max(was.east, box.east), north: Math.max(was.north, box.north) } : box)
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      this.askAgain()
    }, CALM_MS)
  }
  private askAgain() {
    for (const [id, box] of this.waiting) {
      if (!this.map.getSource(sourceId(id))) continue
      const tiles = box === 'all' ? null : tilesAround(box, this.map.getZoom(), TILE_ZOOMS.min, TILE_ZOOMS.max)
      if (tiles === null) this.map.refreshTiles(sourceId(id))
      else if (tiles.length > 0) this.map.refreshTiles(sourceId(id), tiles)
    }
    this.waiting.clear()
  }
  stop() {
    clearTimeout(this.timer)
  }
  static isOurs(source: string | undefined): boolean {
    return source !== undefined && OURS.test(source)
  }
}
