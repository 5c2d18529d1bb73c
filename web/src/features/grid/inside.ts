/** Which drawn grid a place lies in: what a click on the map means. */
import type { MultiPolygon, Polygon, Position } from 'geojson'
import { x, y } from '@/map/ground'

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
