/**
 * Layers drawn from the server's vector tiles. A layer says where its tiles are and what it holds; how it looks is
 * decided here: signs by class group, a second sign for a state that is not well, bubbles with counts where things
 * are many. The bubbles come ready from the server.
 */
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'
import type { Locale } from '@/i18n'
import { type Palette, type Theme, palettes } from '@/ui/tokens'
import { SHAPES, placeOfGroup, signName, signOf } from './signs'
import { FONT } from './style'

export interface MapLayer {
  /** `components`, `grids`, `people`, or a register. */
  id: string
  kind: 'things' | 'areas' | 'people'
  /** `…/{z}/{x}/{y}`, with the query that narrows it. */
  tiles: string
  /** Names inside the tile; the id unless said. */
  points?: string
  shapes?: string
  /** Class groups the layer may hold, for the signs; a register has one. */
  groups?: readonly string[]
  /** What the colour tells: the kind of thing, or its score or expiry (`band`). */
  colourBy?: 'group' | 'band'
  /** Areas that have the same value of this property are one, and are told apart by colour: it ends in a number. */
  oneBy?: string
  /** Written beside a sign that is seen from near, by class. */
  names?: ReadonlyMap<string, string>
}

/** The server draws each thing from 14 on; from 16 on the same tile is enlarged: a unit of it is 15 cm. */
export const TILE_ZOOMS = { min: 4, max: 16 }
/** Signs instead of dots from here on. */
const SIGNS_FROM = 16
const NAMES_FROM = 17.5

export const sourceId = (id: string): string => `tiles:${id}`
const own = (id: string, part: string) => `${sourceId(id)}:${part}`
/** The layer a drawn feature belongs to. */
export const layerOf = (styleLayer: string): string | null => /^tiles:(.+):[a-z]+$/.exec(styleLayer)?.[1] ?? null
/** Style layers that can be pointed at. */
export const pickable = (layer: MapLayer): string[] => (layer.kind === 'areas' ? [own(layer.id, 'fill')] : ['cluster', 'dot', 'sign', 'line', 'fill'].map((part) => own(layer.id, part)))

const isCluster: ExpressionSpecification = ['has', 'count']
const isPoint: ExpressionSpecification = ['==', ['geometry-type'], 'Point']
/** 12 of 1,234 as people write it in each language: 1.2k, 1234 → 1234, 12,300 → 1.2万. */
export function shortCount(locale: Locale): ExpressionSpecification {
  const count: ExpressionSpecification = ['get', 'count']
  const tenths = (unit: number): ExpressionSpecification => ['to-string', ['/', ['round', ['/', count, unit / 10]], 10]]
  return locale === 'en'
    ? ['case', ['>=', count, 1_000_000], ['concat', tenths(1_000_000), 'M'], ['>=', count, 1_000], ['concat', tenths(1_000), 'k'], ['to-string', count]]
    : ['case', ['>=', count, 10_000], ['concat', tenths(10_000), '万'], ['to-string', count]]
}

const BANDS = ['green', 'yellow', 'red', 'grey'] as const
export const bandColour = (band: string, p: Palette): string => ({ green: p.greenFill, yellow: p.yellowFill, red: p.redFill })[band] ?? p.greyFill

/** The colour and the sign of each group or band, as one expression each. */
function looks(layer: MapLayer, theme: Theme): { colour: ExpressionSpecification | string; icon: ExpressionSpecification | string } {
  const p = palettes[theme]
  if (layer.colourBy === 'band') {
    const shape = signOf(placeOfGroup(layer.id), theme).shape
    // Without a band, and in bubbles, the register's own colour.
    const own = signOf(placeOfGroup(layer.id), theme)
    return {
      colour: ['match', ['coalesce', ['get', 'band'], ''], ...BANDS.flatMap((band) => [band, bandColour(band, p)]), own.colour] as unknown as ExpressionSpecification,
      icon: ['match', ['coalesce', ['get', 'band'], ''], ...BANDS.flatMap((band) => [band, signName({ shape, colour: bandColour(band, p) }, p)]), signName(own, p)] as unknown as ExpressionSpecification,
    }
  }
  const groups = [...new Set(layer.groups ?? [])]
  const rest = signOf(placeOfGroup(layer.id), theme)
  if (groups.length === 0) return { colour: rest.colour, icon: signName(rest, p) }
  const of = (group: string) => signOf(placeOfGroup(group), theme)
  return {
    colour: ['match', ['coalesce', ['get', 'group'], ''], ...groups.flatMap((group) => [group, of(group).colour]), rest.colour] as unknown as ExpressionSpecification,
    icon: ['match', ['coalesce', ['get', 'group'], ''], ...groups.flatMap((group) => [group, signName(of(group), p)]), signName(rest, p)] as unknown as ExpressionSpecification,
  }
}

/** A colour for each area by the last two digits of its code; neighbours are numbered one after the other. */
function areaColour(property: string, theme: Theme): ExpressionSpecification {
  const turn: ExpressionSpecification = ['%', ['to-number', ['slice', ['get', property], -2], 0], SHAPES.length]
  return ['match', turn, ...SHAPES.flatMap((_, n) => [n, signOf(n, theme).colour]), palettes[theme].accent] as unknown as ExpressionSpecification
}

/** Bubbles of several layers over the same ground stand beside each other. */
const BESIDE: [number, number][] = [[20, 20], [-20, 20], [20, -20], [-20, -20]]
function beside(layer: MapLayer): [number, number] {
  return layer.id === 'components' ? [0, 0] : (BESIDE[placeOfGroup(layer.id) % BESIDE.length] ?? [0, 0])
}

export function tileSource(layer: MapLayer): SourceSpecification {
  return { type: 'vector', tiles: [layer.tiles.startsWith('/') ? `${location.origin}${layer.tiles}` : layer.tiles], minzoom: TILE_ZOOMS.min, maxzoom: TILE_ZOOMS.max }
}

export function tileLayers(layer: MapLayer, theme: Theme, locale: Locale): LayerSpecification[] {
  const p = palettes[theme]
  const source = sourceId(layer.id)
  const points = layer.points ?? layer.id
  const shapes = layer.shapes ?? layer.id
  if (layer.kind === 'areas') {
    const name: ExpressionSpecification = locale === 'en' ? ['coalesce', ['get', 'name_en'], ['get', 'name'], ['get', 'code'], ''] : ['coalesce', ['get', 'name'], ['get', 'code'], '']
    if (layer.oneBy) {
      const colour = areaColour(layer.oneBy, theme)
      return [
        // Drawn in parts: without smooth edges these leave no seams.
        { id: own(layer.id, 'fill'), type: 'fill', source, 'source-layer': shapes, paint: { 'fill-color': colour, 'fill-opacity': 0.28, 'fill-antialias': false } },
        { id: own(layer.id, 'name'), type: 'symbol', source, 'source-layer': shapes, minzoom: 13, layout: { 'text-field': name, 'text-font': FONT, 'text-size': 12, 'text-padding': 90 }, paint: { 'text-color': p.text, 'text-halo-color': p.surface, 'text-halo-width': 1.6 } },
      ]
    }
    // Fifteen digits are as wide as the grid itself from afar; neighbours differ in the last three.
    const short: ExpressionSpecification = ['case', ['has', 'name'], name, ['slice', ['coalesce', ['get', 'code'], ''], -3]]
    return [
      { id: own(layer.id, 'fill'), type: 'fill', source, 'source-layer': shapes, paint: { 'fill-color': p.accent, 'fill-opacity': 0.03 } },
      { id: own(layer.id, 'line'), type: 'line', source, 'source-layer': shapes, paint: { 'line-color': p.accent, 'line-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.2, 16, 0.55], 'line-width': ['interpolate', ['linear'], ['zoom'], 11, 0.4, 16, 1.4] } },
      {
        id: own(layer.id, 'name'), type: 'symbol', source, 'source-layer': shapes, minzoom: 15,
        layout: { 'text-field': ['step', ['zoom'], short, 17, name], 'text-font': FONT, 'text-size': 12, 'text-padding': 8 },
        paint: { 'text-color': p.accent, 'text-halo-color': p.surface, 'text-halo-width': 1.6 },
      },
    ]
  }
  const { colour, icon } = layer.kind === 'people' ? { colour: p.accent, icon: signName({ shape: 'circle', colour: p.accent }, p) } : looks(layer, theme)
  const single: ExpressionSpecification = ['all', isPoint, ['!', isCluster]]
  const unwell: ExpressionSpecification = ['match', ['coalesce', ['get', 'state'], ''], ['damaged', 'lost', 'abandoned'], true, false]
  const names: LayerSpecification[] = []
  const label: ExpressionSpecification | null =
    layer.kind === 'people' || !layer.names || layer.names.size === 0
      ? ['coalesce', ['get', 'name'], '']
      : (['coalesce', ['get', 'name'], ['match', ['coalesce', ['get', 'class'], ''], ...[...layer.names].flat(), '']] as unknown as ExpressionSpecification)
  names.push({
    id: own(layer.id, 'name'), type: 'symbol', source, 'source-layer': points, minzoom: layer.kind === 'people' ? 13 : NAMES_FROM, filter: single,
    layout: { 'text-field': label, 'text-font': FONT, 'text-size': 12, 'text-anchor': 'top', 'text-offset': [0, 0.8], 'text-max-width': 8, 'text-optional': true },
    paint: { 'text-color': p.text, 'text-halo-color': p.surface, 'text-halo-width': 1.6 },
  })
  return [
    { id: own(layer.id, 'fill'), type: 'fill', source, 'source-layer': shapes, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colour, 'fill-opacity': 0.22 } },
    { id: own(layer.id, 'line'), type: 'line', source, 'source-layer': shapes, filter: ['!', isPoint], layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': colour, 'line-width': ['interpolate', ['linear'], ['zoom'], 12, 1, 18, 3] } },
    {
      id: own(layer.id, 'dot'), type: 'circle', source, 'source-layer': points, maxzoom: SIGNS_FROM, filter: single,
      paint: {
        'circle-color': colour,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 3.5, 14, 3, 16, 5],
        'circle-stroke-width': ['case', unwell, 2, 0.75],
        'circle-stroke-color': ['case', unwell, p.redFill, p.surface],
      },
    },
    { id: own(layer.id, 'sign'), type: 'symbol', source, 'source-layer': points, minzoom: SIGNS_FROM, filter: single, layout: { 'icon-image': icon, 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'icon-size': ['interpolate', ['linear'], ['zoom'], 16, 0.8, 19, 1.2] } },
    {
      id: own(layer.id, 'state'), type: 'symbol', source, 'source-layer': points, minzoom: SIGNS_FROM, filter: ['all', single, unwell],
      layout: { 'icon-image': ['match', ['get', 'state'], 'abandoned', 'light-grey', 'light-red'], 'icon-size': 0.55, 'icon-offset': [16, -16], 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    },
    ...names,
    {
      id: own(layer.id, 'cluster'), type: 'circle', source, 'source-layer': points, filter: ['all', isPoint, isCluster],
      paint: {
        'circle-color': p.surface,
        'circle-opacity': 0.94,
        'circle-radius': ['interpolate', ['linear'], ['log10', ['get', 'count']], 0, 10, 2, 14, 4, 20, 6, 28],
        'circle-stroke-width': 2.5,
        'circle-stroke-color': colour,
        'circle-translate': beside(layer),
      },
    },
    {
      id: own(layer.id, 'count'), type: 'symbol', source, 'source-layer': points, filter: ['all', isPoint, isCluster],
      layout: { 'text-field': shortCount(locale), 'text-font': FONT, 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': p.text, 'text-translate': beside(layer) },
    },
  ]
}
/** The ring around the thing that is chosen. */
export function chosenLayer(layer: MapLayer, id: string, theme: Theme): LayerSpecification[] {
  const p = palettes[theme]
  const number = Number(id)
  const filter: ExpressionSpecification = ['==', ['id'], Number.isFinite(number) ? number : -1]
  const source = sourceId(layer.id)
  return [
    { id: 'picked-line', type: 'line', source, 'source-layer': layer.shapes ?? layer.id, filter: ['all', filter, ['!', isPoint]], paint: { 'line-color': p.accent, 'line-width': 4 } },
    { id: 'picked-ring', type: 'circle', source, 'source-layer': layer.points ?? layer.id, filter: ['all', filter, isPoint], paint: { 'circle-color': 'rgba(0,0,0,0)', 'circle-radius': 14, 'circle-stroke-width': 3, 'circle-stroke-color': p.accent } },
  ]
}
