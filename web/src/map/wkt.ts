/** Well-known text, as the registry writes places, to and from GeoJSON. */
import type { Geometry, LineString, MultiPolygon, Point, Polygon, Position } from 'geojson'

export type Place = Point | LineString | Polygon | MultiPolygon
/** What can be drawn by hand. */
export type Shape = 'point' | 'line' | 'polygon'

const NUMBERS = /[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g

function positions(text: string): Position[] {
  return text.split(',').flatMap((pair) => {
    const [lng, lat] = (pair.match(NUMBERS) ?? []).map(Number)
    return lng === undefined || lat === undefined ? [] : [[lng, lat]]
  })
}
const rings = (text: string): Position[][] => [...text.matchAll(/\(([^()]*)\)/g)].map((found) => positions(found[1] ?? '')).filter((ring) => ring.length > 0)

/** Null for what is none of the four kinds. A height is read over. */
export function readWkt(text: string | null | undefined): Place | null {
  const found = /^\s*(POINT|LINESTRING|POLYGON|MULTIPOLYGON)\s*(?:Z|M|ZM)?\s*(\(.*\))\s*$/is.exec(text ?? '')
  const body = found?.[2] ?? ''
  switch (found?.[1]?.toUpperCase()) {
    case 'POINT': {
      const [at] = positions(body)
      return at ? { type: 'Point', coordinates: at } : null
    }
    case 'LINESTRING': {
      const line = positions(body)
      return line.length > 1 ? { type: 'LineString', coordinates: line } : null
    }
    case 'POLYGON': {
      const own = rings(body)
      return own.length > 0 ? { type: 'Polygon', coordinates: own } : null
    }
    case 'MULTIPOLYGON': {
      const parts = body.slice(1, -1).split(/\)\s*\)\s*,/).map((part) => rings(part.endsWith(')') ? part : `${part}))`)).filter((part) => part.length > 0)
      return parts.length > 0 ? { type: 'MultiPolygon', coordinates: parts } : null
    }
    default:
      return null
  }
}

/** Seven decimals: 11 mm, what the registry keeps in memory. */
const pair = ([lng, lat]: Position) => `${Number((lng ?? 0).toFixed(7))} ${Number((lat ?? 0).toFixed(7))}`
const list = (all: readonly Position[]) => all.map(pair).join(', ')
const polygon = (all: readonly Position[][]) => `(${all.map((ring) => `(${list(ring)})`).join(', ')})`

export function writeWkt(place: Place): string {
  switch (place.type) {
    case 'Point':
      return `POINT(${pair(place.coordinates)})`
    case 'LineString':
      return `LINESTRING(${list(place.coordinates)})`
    case 'Polygon':
      return `POLYGON${polygon(place.coordinates)}`
    case 'MultiPolygon':
      return `MULTIPOLYGON(${place.coordinates.map(polygon).join(', ')})`
  }
}

export function shapeOf(geometry: Geometry | null | undefined): Shape | null {
  switch (geometry?.type) {
    case 'Point':
    case 'MultiPoint':
      return 'point'
    case 'LineString':
    case 'MultiLineString':
      return 'line'
    case 'Polygon':
    case 'MultiPolygon':
      return 'polygon'
    default:
      return null
  }
}
