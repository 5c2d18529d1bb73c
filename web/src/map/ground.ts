/**
 * Lengths, areas and positions on the ground, good to a part in a thousand over a city. A degree is measured on the
 * ellipsoid at the latitude in question, so that the numbers agree with those of a survey.
 */
import type { Geometry, Position } from 'geojson'

const EQUATOR_M = 6_378_137
const FLATTENING = 1 / 298.257222101
const E2 = FLATTENING * (2 - FLATTENING)
const RAD = Math.PI / 180

export interface Box {
  west: number
  south: number
  east: number
  north: number
}
export const x = (at: Position): number => at[0] ?? 0
export const y = (at: Position): number => at[1] ?? 0

/** Metres in a degree of longitude and of latitude. */
export function metresPerDegree(lat: number): { lng: number; lat: number } {
  const cos = Math.cos(lat * RAD)
  const w2 = 1 / (1 - E2 * (1 - cos * cos))
  const w = Math.sqrt(w2)
  return { lng: RAD * EQUATOR_M * w * cos, lat: RAD * EQUATOR_M * w * w2 * (1 - E2) }
}
export function metresBetween(a: Position, b: Position): number {
  const per = metresPerDegree((y(a) + y(b)) / 2)
  return Math.hypot((x(a) - x(b)) * per.lng, (y(a) - y(b)) * per.lat)
}
export function lengthM(line: readonly Position[]): number {
  return line.slice(1).reduce((sum, at, index) => sum + metresBetween(line[index] ?? at, at), 0)
}
/** Of one ring, closed or not, whichever way round. */
export function areaM2(ring: readonly Position[]): number {
  if (ring.length < 3) return 0
  const middle = ring.reduce((sum, at) => sum + y(at), 0) / ring.length
  const per = metresPerDegree(middle)
  const from = ring[0] ?? [0, 0]
  let twice = 0
  ring.forEach((a, index) => {
    const b = ring[(index + 1) % ring.length] ?? a
    twice += (x(a) - x(from)) * (y(b) - y(from)) - (x(b) - x(from)) * (y(a) - y(from))
  })
  return Math.abs(twice / 2) * per.lng * per.lat
}
/** Outer ring less holes. */
export const polygonM2 = (rings: readonly (readonly Position[])[]): number => rings.reduce((sum, ring, index) => (index === 0 ? areaM2(ring) : sum - areaM2(ring)), 0)

export function inRing(at: Position, ring: readonly Position[]): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i] ?? [], ring[j] ?? []]
    if (y(a) > y(at) !== y(b) > y(at) && x(at) < ((x(b) - x(a)) * (y(at) - y(a))) / (y(b) - y(a)) + x(a)) inside = !inside
  }
  return inside
}
export const inPolygon = (at: Position, rings: readonly (readonly Position[])[]): boolean =>
  rings.length > 0 && inRing(at, rings[0] ?? []) && !rings.slice(1).some((hole) => inRing(at, hole))

export function everyPosition(geometry: Geometry): Position[] {
  switch (geometry.type) {
    case 'Point':
      return [geometry.coordinates]
    case 'LineString':
    case 'MultiPoint':
      return geometry.coordinates
    case 'Polygon':
    case 'MultiLineString':
      return geometry.coordinates.flat()
    case 'MultiPolygon':
      return geometry.coordinates.flat(2)
    case 'GeometryCollection':
      return geometry.geometries.flatMap(everyPosition)
  }
}
export function boxOf(all: readonly Position[]): Box | null {
  if (all.length === 0) return null
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity }
  for (const at of all) {
    box.west = Math.min(box.west, x(at))
    box.east = Math.max(box.east, x(at))
    box.south = Math.min(box.south, y(at))
    box.north = Math.max(box.north, y(at))
  }
  return box
}
export const meets = (a: Box, b: Box): boolean => a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
export const holds = (box: Box, at: Position): boolean => x(at) >= box.west && x(at) <= box.east && y(at) >= box.south && y(at) <= box.north
/** The box as an API writes it: west, south, east, north. */
export const boxWords = ({ west, south, east, north }: Box, digits = 5): string => [west, south, east, north].map((one) => Number(one.toFixed(digits))).join(',')
export function readBox(words: string | null | undefined): Box | null {
  const [west, south, east, north] = (words ?? '').split(',').map(Number)
  if (west === undefined || south === undefined || east === undefined || north === undefined) return null
  return [west, south, east, north].every(Number.isFinite) && west < east && south < north ? { west, south, east, north } : null
}
export const ringOf = ({ west, south, east, north }: Box): Position[] => [[west, south], [east, south], [east, north], [west, north], [west, south]]

/** Where a thing is shown by: the point, the middle of a line's way, the middle of a polygon's box. */
export function anchorOf(geometry: Geometry): Position | null {
  if (geometry.type === 'Point') return geometry.coordinates
  if (geometry.type === 'LineString') {
    const half = lengthM(geometry.coordinates) / 2
    let gone = 0
    for (let index = 1; index < geometry.coordinates.length; index += 1) {
      const [a, b] = [geometry.coordinates[index - 1] ?? [], geometry.coordinates[index] ?? []]
      const step = metresBetween(a, b)
      if (gone + step >= half && step > 0) {
        const part = (half - gone) / step
        return [x(a) + (x(b) - x(a)) * part, y(a) + (y(b) - y(a)) * part]
      }
      gone += step
    }
  }
  const box = boxOf(everyPosition(geometry))
  return box && [(box.west + box.east) / 2, (box.south + box.north) / 2]
}

/** Whether two segments cross at a point inside both. */
function cross(a: Position, b: Position, c: Position, d: Position): boolean {
  const turn = (p: Position, q: Position, r: Position) => Math.sign((x(q) - x(p)) * (y(r) - y(p)) - (y(q) - y(p)) * (x(r) - x(p)))
  const [one, two, three, four] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)]
  return one * two < 0 && three * four < 0
}
/** Whether a ring (its first vertex not repeated) cuts itself. */
export function cutsItself(ring: readonly Position[]): boolean {
  const at = (index: number) => ring[index % ring.length] ?? []
  for (let i = 0; i < ring.length; i += 1) {
    for (let j = i + 2; j < ring.length; j += 1) {
      if (i === 0 && j === ring.length - 1) continue
      if (cross(at(i), at(i + 1), at(j), at(j + 1))) return true
    }
  }
  return false
}
