/** Which drawn grid a place lies in: what a click on the map means. */
import type { MultiPolygon, Polygon, Position } from 'geojson'
import { type Box, x, y } from '@/map/ground'

function ringHolds(ring: readonly Position[], lng: number, lat: number): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i] ?? [], ring[j] ?? []]
    if (y(a) > lat !== y(b) > lat && lng < ((x(b) - x(a)) * (lat - y(a))) / (y(b) - y(a)) + x(a)) inside = !inside
  }
  return inside
}
/** Even and odd, so that holes are outside. */
export function holds(shape: Polygon | MultiPolygon, lng: number, lat: number): boolean {
  const rings = shape.type === 'Polygon' ? shape.coordinates : shape.coordinates.flat()
  return rings.filter((ring) => ringHolds(ring, lng, lat)).length % 2 === 1
}
/** The smallest box around what is drawn; nothing for nothing. */
export function boxOf(paths: readonly (readonly Position[])[]): Box | null {
  const all = paths.flat()
  if (all.length === 0) return null
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b))
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b))
  const [lngs, lats] = [all.map(x), all.map(y)]
  return { west: least(lngs), south: least(lats), east: most(lngs), north: most(lats) }
}
