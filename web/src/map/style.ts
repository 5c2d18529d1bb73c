/**
 * Our base map style: restrained, so that only cases have colour. OpenMapTiles schema, light and dark drawn
 * separately. No sprite, and glyphs from our own server; Chinese is drawn with the page's font.
 */
import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import { shallowRef } from 'vue'
import type { Locale } from '@/i18n'
import { type Theme, palettes } from '@/ui/tokens'
import { type Pictures, address, isPlain } from './raster'

/** Light and dark follow the page; `wall` is read from ten metres and says less. */
export type Scheme = Theme | 'wall'
export const paletteTheme = (scheme: Scheme): Theme => (scheme === 'light' ? 'light' : 'dark')

export interface Basemap {
  /** `vector`: a PMTiles file in the OpenMapTiles schema. `raster`: `pictures` of others. `none`: land alone. */
  kind?: 'vector' | 'raster' | 'none'
  /** Address of the file; of a raster map its id. */
  tiles: string
  /** What the map's owner wants to be named by. */
  attribution?: string
  /** Pixels of a raster tile's side. */
  tileSize?: number
  /** Of a raster map: where its pictures are and in which datum they are drawn. */
  pictures?: Pictures & { id: string }
  /** `{fontstack}/{range}` are filled in by the map. */
  glyphs: string
  /** Below this the file has nothing. */
  minZoom: number
  /** Last zoom that covers the whole city; beyond it these tiles are enlarged. */
  maxZoom: number
  /** A deeper zoom that covers a part of the city only: buildings and small streets come from it where it is. */
  detailZoom: number | null
}

/** What the demo city ships. */
export const defaultBasemap: Basemap = {
  tiles: '/basemap/boston.pmtiles',
  glyphs: '/basemap/glyphs/{fontstack}/{range}.pbf',
  minZoom: 8,
  maxZoom: 13,
  detailZoom: 14,
}

/** A city without a map of its own: its things stand on plain land. */
export const noBasemap: Basemap = { kind: 'none', tiles: '', glyphs: defaultBasemap.glyphs, minZoom: 2, maxZoom: 18, detailZoom: null }
/** The base map of the city whose page is open; set once by the product, used wherever no other is named. */
export const cityBasemap = shallowRef<Basemap>(noBasemap)
/** What a city's own file is drawn with. */
export const basemapFile = (file: string | null | undefined): Basemap => (file ? { ...defaultBasemap, tiles: `/basemap/${file}` } : noBasemap)

const ATTRIBUTION = '© OpenMapTiles © OpenStreetMap contributors'
export const FONT = ['Noto Sans Regular']

interface Ink {
  land: string
  built: string
  green: string
  wood: string
  sand: string
  water: string
  building: string
  buildingEdge: string
  casing: string
  road: string
  main: string
  motorway: string
  path: string
  rail: string
  boundary: string
  label: string
  place: string
  waterLabel: string
  halo: string
}

const inks: Record<Scheme, Ink> = {
  light: {
    land: '#f4f4f2',
    built: '#eeeeeb',
    green: '#e0e9d9',
    wood: '#d8e4d0',
    sand: '#f0ebdd',
    water: '#cbdae6',
    building: '#e4e3df',
    buildingEdge: '#d3d2cd',
    casing: '#d2d4d6',
    road: '#ffffff',
    main: '#ffffff',
    motorway: '#fbf6e9',
    path: '#d9d8d3',
    rail: '#c2c5c9',
    boundary: '#9aa1aa',
    label: '#59606a',
    place: '#363c44',
    waterLabel: '#4d6f8c',
    halo: '#f8f8f6',
  },
  dark: {
    land: '#16191d',
    built: '#191c21',
    green: '#18231d',
    wood: '#1a271f',
    sand: '#23221c',
    water: '#0e1b27',
    building: '#20242a',
    buildingEdge: '#2b3037',
    casing: '#101316',
    road: '#2b3037',
    main: '#363c44',
    motorway: '#444239',
    path: '#262b31',
    rail: '#30363d',
    boundary: '#59616b',
    label: '#98a1ab',
    place: '#c3c9d0',
    waterLabel: '#6d90ad',
    halo: '#101316',
  },
  wall: {
    land: '#0b0e12',
    built: '#0d1116',
    green: '#0f1a14',
    wood: '#0f1b15',
    sand: '#17160f',
    water: '#0a1a2b',
    building: '#12161c',
    buildingEdge: '#161b22',
    casing: '#07090c',
    road: '#1b2129',
    main: '#2a323c',
    motorway: '#3a3a30',
    path: '#141920',
    rail: '#1c2229',
    boundary: '#4a535e',
    label: '#7f8994',
    place: '#e4e6e9',
    waterLabel: '#5f83a2',
    halo: '#0b0e12',
  },
}

const roadClass = (...classes: string[]): never => ['all', ['==', ['geometry-type'], 'LineString'], ['match', ['get', 'class'], classes, true, false]] as never
const width = (...stops: [number, number][]): never => ['interpolate', ['exponential', 1.5], ['zoom'], ...stops.flat()] as never

function basemapLayers(ink: Ink, locale: Locale, detail: boolean): LayerSpecification[] {
  const name = ['coalesce', ['get', locale === 'en' ? 'name:en' : 'name:zh'], ['get', 'name']] as never
  const road = (id: string, classes: string[], minzoom: number, widths: [number, number][], colour: string): LayerSpecification[] => [
    {
      id: `${id}-casing`,
      type: 'line',
      source: 'base',
      'source-layer': 'transportation',
      minzoom: minzoom + 1,
      filter: roadClass(...classes),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': ink.casing, 'line-width': width(...widths.map(([z, w]) => [z, w + 1.4] as [number, number])) },
    },
    {
      id,
      type: 'line',
      source: 'base',
      'source-layer': 'transportation',
      minzoom,
      filter: roadClass(...classes),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colour, 'line-width': width(...widths) },
    },
  ]
  const streetName = (id: string, source: string, classes: string[], minzoom: number, size: number): LayerSpecification => ({
    id,
    type: 'symbol',
    source,
    'source-layer': 'transportation_name',
    minzoom,
    filter: roadClass(...classes),
    layout: {
      'symbol-placement': 'line',
      'text-field': name,
      'text-font': FONT,
      'text-size': size,
      'text-max-angle': 35,
      'symbol-spacing': 320,
      'text-padding': 6,
    },
    paint: { 'text-color': ink.label, 'text-halo-color': ink.halo, 'text-halo-width': 1.4 },
  })
  const layers: LayerSpecification[] = [
    { id: 'land', type: 'background', paint: { 'background-color': ink.land } },
    {
      id: 'built',
      type: 'fill',
      source: 'base',
      'source-layer': 'landuse',
      filter: ['match', ['get', 'class'], ['residential', 'commercial', 'retail', 'industrial', 'railway', 'school', 'university', 'college', 'hospital', 'military'], true, false],
      paint: { 'fill-color': ink.built },
    },
    {
      id: 'green',
      type: 'fill',
      source: 'base',
      'source-layer': 'landcover',
      filter: ['match', ['get', 'class'], ['grass', 'farmland', 'wetland'], true, false],
      paint: { 'fill-color': ink.green },
    },
    { id: 'wood', type: 'fill', source: 'base', 'source-layer': 'landcover', filter: ['==', ['get', 'class'], 'wood'], paint: { 'fill-color': ink.wood } },
    { id: 'sand', type: 'fill', source: 'base', 'source-layer': 'landcover', filter: ['match', ['get', 'class'], ['sand', 'rock'], true, false], paint: { 'fill-color': ink.sand } },
    {
      id: 'park',
      type: 'fill',
      source: 'base',
      'source-layer': 'park',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': ink.green, 'fill-opacity': 0.6 },
    },
    {
      id: 'cemetery',
      type: 'fill',
      source: 'base',
      'source-layer': 'landuse',
      filter: ['match', ['get', 'class'], ['cemetery', 'pitch', 'playground', 'stadium', 'zoo', 'grass'], true, false],
      paint: { 'fill-color': ink.green, 'fill-opacity': 0.7 },
    },
    { id: 'water', type: 'fill', source: 'base', 'source-layer': 'water', paint: { 'fill-color': ink.water } },
    {
      id: 'waterway',
      type: 'line',
      source: 'base',
      'source-layer': 'waterway',
      paint: { 'line-color': ink.water, 'line-width': width([9, 0.5], [14, 2.5]) },
    },
    {
      id: 'runway',
      type: 'line',
      source: 'base',
      'source-layer': 'aeroway',
      filter: ['==', ['geometry-type'], 'LineString'],
      paint: { 'line-color': ink.casing, 'line-width': width([10, 1], [14, 12]) },
    },
    {
      id: 'pier',
      type: 'fill',
      source: 'base',
      'source-layer': 'transportation',
      filter: ['all', ['==', ['geometry-type'], 'Polygon'], ['match', ['get', 'class'], ['pier', 'bridge'], true, false]],
      paint: { 'fill-color': ink.land },
    },
  ]
  if (detail) {
    layers.push({
      id: 'building',
      type: 'fill',
      source: 'detail',
      'source-layer': 'building',
      minzoom: 14,
      paint: { 'fill-color': ink.building, 'fill-outline-color': ink.buildingEdge, 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 14, 0, 14.6, 1] },
    })
  }
  layers.push(
    {
      id: 'path',
      type: 'line',
      source: 'base',
      'source-layer': 'transportation',
      minzoom: 13,
      filter: roadClass('path', 'track'),
      paint: { 'line-color': ink.path, 'line-width': width([13, 0.5], [18, 3]) },
    },
    {
      id: 'rail',
      type: 'line',
      source: 'base',
      'source-layer': 'transportation',
      minzoom: 11,
      filter: roadClass('rail', 'transit'),
      paint: { 'line-color': ink.rail, 'line-width': width([11, 0.6], [18, 3]), 'line-dasharray': [4, 2] },
    },
    ...road('service', ['service'], 13, [[13, 0.5], [15, 2], [18, 9]], ink.road),
    ...road('minor', ['minor', 'residential', 'unclassified'], 12, [[12, 0.5], [14, 2.4], [18, 15]], ink.road),
    ...road('tertiary', ['tertiary', 'secondary'], 10, [[10, 0.5], [13, 2.6], [18, 20]], ink.main),
    ...road('primary', ['primary', 'trunk'], 9, [[9, 0.8], [13, 3.4], [18, 24]], ink.main),
    ...road('motorway', ['motorway'], 8, [[8, 0.8], [13, 3.8], [18, 26]], ink.motorway),
    {
      id: 'boundary',
      type: 'line',
      source: 'base',
      'source-layer': 'boundary',
      filter: ['all', ['<=', ['get', 'admin_level'], 8], ['!=', ['get', 'maritime'], 1]],
      paint: { 'line-color': ink.boundary, 'line-width': width([8, 0.8], [14, 1.6]), 'line-dasharray': [3, 2, 1, 2] },
    },
    streetName('name-main', 'base', ['motorway', 'trunk', 'primary', 'secondary'], 12, 12),
    streetName('name-tertiary', 'base', ['tertiary'], 13, 12),
    streetName('name-minor', detail ? 'detail' : 'base', ['minor', 'service'], 15, 12),
    {
      id: 'name-water',
      type: 'symbol',
      source: 'base',
      'source-layer': 'water_name',
      layout: { 'text-field': name, 'text-font': FONT, 'text-size': 12, 'text-max-width': 6 },
      paint: { 'text-color': ink.waterLabel, 'text-halo-color': ink.water, 'text-halo-width': 1 },
    },
    {
      id: 'name-quarter',
      type: 'symbol',
      source: 'base',
      'source-layer': 'place',
      minzoom: 11,
      maxzoom: 16,
      filter: ['match', ['get', 'class'], ['suburb', 'quarter', 'neighbourhood', 'island'], true, false],
      layout: { 'text-field': name, 'text-font': FONT, 'text-size': 12, 'text-max-width': 7, 'text-letter-spacing': 0.04, 'text-padding': 12 },
      paint: { 'text-color': ink.place, 'text-halo-color': ink.halo, 'text-halo-width': 1.6 },
    },
    {
      id: 'name-city',
      type: 'symbol',
      source: 'base',
      'source-layer': 'place',
      maxzoom: 13,
      filter: ['match', ['get', 'class'], ['city', 'town'], true, false],
      layout: { 'text-field': name, 'text-font': FONT, 'text-size': ['match', ['get', 'class'], 'city', 16, 13], 'text-max-width': 8, 'symbol-sort-key': ['get', 'rank'] },
      paint: { 'text-color': ink.place, 'text-halo-color': ink.halo, 'text-halo-width': 1.8 },
    },
  )
  return layers
}

/** Names that a wall is too far away for. */
const NEAR_ONLY = new Set(['name-tertiary', 'name-minor', 'name-water', 'building', 'path', 'service', 'service-casing'])

/** How thick problems lie: each case the same, whatever its light. */
function heatLayer(theme: Theme): LayerSpecification {
  const p = palettes[theme]
  return {
    id: 'heat',
    type: 'heatmap',
    source: 'heat',
    paint: {
      'heatmap-radius': ['interpolate', ['exponential', 1.6], ['zoom'], 9, 10, 13, 22, 17, 60],
      'heatmap-intensity': ['interpolate', ['linear'], ['zoom'], 9, 0.5, 13, 1, 17, 2.4],
      'heatmap-opacity': 0.72,
      'heatmap-color': ['interpolate', ['linear'], ['heatmap-density'], 0, 'rgba(0,0,0,0)', 0.08, `${p.yellowFill}55`, 0.35, `${p.yellowFill}cc`, 0.7, `${p.redFill}dd`, 1, p.redFill],
    },
  }
}

/** Sources and layers of our own things; the data is put in by `MapView`. */
function ownLayers(theme: Theme): LayerSpecification[] {
  const p = palettes[theme]
  const lightColour = (worst: unknown): never => ['match', worst, 3, p.redFill, 2, p.yellowFill, 1, p.greenFill, p.greyFill] as never
  /** What is somebody else's stands back. */
  const areaColour: never = ['match', ['get', 'tone'], 'other', p.greyFill, p.accent] as never
  return [
    { id: 'areas-fill', type: 'fill', source: 'areas', paint: { 'fill-color': areaColour, 'fill-opacity': ['coalesce', ['get', 'opacity'], 0.06] } },
    { id: 'areas-line', type: 'line', source: 'areas', paint: { 'line-color': areaColour, 'line-width': 1.6, 'line-dasharray': [3, 2] } },
    {
      id: 'areas-name',
      type: 'symbol',
      source: 'areas',
      filter: ['has', 'label'],
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 },
      paint: { 'text-color': p.accent, 'text-halo-color': p.surface, 'text-halo-width': 1.6 },
    },
    {
      id: 'clusters',
      type: 'circle',
      source: 'cases',
      filter: ['has', 'point_count'],
      paint: {
        'circle-color': p.surface,
        'circle-radius': ['step', ['get', 'point_count'], 14, 20, 17, 100, 21, 1000, 25],
        'circle-stroke-width': 3,
        'circle-stroke-color': lightColour(['get', 'worst']),
      },
    },
    {
      id: 'cluster-count',
      type: 'symbol',
      source: 'cases',
      filter: ['has', 'point_count'],
      layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-font': FONT, 'text-size': 12, 'text-allow-overlap': true },
      paint: { 'text-color': p.text },
    },
    {
      // The worst light as a shape too, for those who cannot tell the colour of the ring.
      id: 'cluster-sign',
      type: 'symbol',
      source: 'cases',
      filter: ['all', ['has', 'point_count'], ['>', ['get', 'worst'], 1]],
      layout: {
        'icon-image': ['match', ['get', 'worst'], 3, 'light-red', 'light-yellow'],
        'icon-size': 0.7,
        'icon-offset': [20, -20],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
      },
    },
    {
      id: 'cases',
      type: 'symbol',
      source: 'cases',
      filter: ['!', ['has', 'point_count']],
      layout: { 'icon-image': ['concat', 'light-', ['coalesce', ['get', 'light'], 'none']], 'icon-allow-overlap': true, 'icon-size': 1 },
    },
    {
      id: 'chosen',
      type: 'circle',
      source: 'cases',
      filter: ['==', ['get', 'id'], ''],
      paint: { 'circle-color': 'rgba(0,0,0,0)', 'circle-radius': 15, 'circle-stroke-width': 3, 'circle-stroke-color': p.accent },
    },
    {
      id: 'things',
      type: 'circle',
      source: 'things',
      paint: { 'circle-color': p.accent, 'circle-radius': 5, 'circle-stroke-width': 2, 'circle-stroke-color': p.surface },
    },
    {
      id: 'things-name',
      type: 'symbol',
      source: 'things',
      minzoom: 13,
      filter: ['has', 'label'],
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12, 'text-anchor': 'top', 'text-offset': [0, 0.7] },
      paint: { 'text-color': p.text, 'text-halo-color': p.surface, 'text-halo-width': 1.6 },
    },
  ]
}

const nothing = { type: 'FeatureCollection', features: [] } as const

/** `tile` layers stand between the areas and the cases: their first neighbour above. */
export const BELOW_CASES = 'clusters'

export function mapStyle(scheme: Scheme, locale: Locale, basemap: Basemap, cluster: boolean): StyleSpecification {
  const theme = paletteTheme(scheme)
  const kind = basemap.kind ?? 'vector'
  const absolute = (url: string) => (url.startsWith('/') ? `${location.origin}${url}` : url)
  const tiles = (minzoom: number, maxzoom: number): SourceSpecification => ({
    type: 'vector',
    tiles: [`pmtiles://${absolute(basemap.tiles)}/{z}/{x}/{y}`],
    minzoom,
    maxzoom,
    attribution: basemap.attribution ?? ATTRIBUTION,
  })
  const sources: Record<string, SourceSpecification> = {
    areas: { type: 'geojson', data: nothing as never },
    things: { type: 'geojson', data: nothing as never },
    heat: { type: 'geojson', data: nothing as never },
    cases: {
      type: 'geojson',
      data: nothing as never,
      cluster,
      clusterRadius: 44,
      clusterMaxZoom: 16,
      clusterProperties: { worst: ['max', ['match', ['get', 'light'], 'red', 3, 'yellow', 2, 'green', 1, 0]] },
    },
  }
  const ink = inks[scheme]
  let base: LayerSpecification[] = [{ id: 'land', type: 'background', paint: { 'background-color': ink.land } }]
  if (kind === 'vector') {
    sources.base = tiles(basemap.minZoom, basemap.maxZoom)
    if (basemap.detailZoom !== null) sources.detail = tiles(basemap.detailZoom, basemap.detailZoom)
    base = basemapLayers(ink, locale, basemap.detailZoom !== null).filter((layer) => scheme !== 'wall' || !NEAR_ONLY.has(layer.id))
  } else if (kind === 'raster') {
    const { pictures } = basemap
    // What lies elsewhere or one on another is put together here; the rest the map loads by itself.
    const urls = !pictures ? [absolute(basemap.tiles)] : isPlain(pictures) ? (pictures.layers[0] ?? []).map(absolute) : [address(pictures.id, pictures)]
    sources.base = {
      type: 'raster',
      tiles: urls,
      scheme: pictures?.tms && isPlain(pictures) ? 'tms' : 'xyz',
      tileSize: basemap.tileSize ?? 256,
      minzoom: basemap.minZoom,
      maxzoom: basemap.maxZoom,
      attribution: basemap.attribution ?? '',
    }
    // Pictures made for daylight are dimmed, not inverted: colours keep their meaning.
    base.push({ id: 'picture', type: 'raster', source: 'base', paint: theme === 'dark' ? { 'raster-brightness-max': 0.55, 'raster-saturation': -0.35 } : {} })
  }
  const [areas, points] = [ownLayers(theme).slice(0, 3), ownLayers(theme).slice(3)]
  return { version: 8, glyphs: absolute(basemap.glyphs), sources, layers: [...base, ...areas, heatLayer(theme), ...points] }
}
