/** What a click means when several things lie under it: each once, in the order a person would expect. */
import type { Geometry, Position } from 'geojson'
import { everyPosition, polygonM2 } from './ground'
import { along, type Pixel, type ToPixel, pathsOf } from './snap'

export interface Hit {
  /** Of the registry of layers: `cases`, `components`, a register. */
  layer: string
  id: string
  properties: Record<string, unknown>
  geometry: Geometry
}
/** Small things before large ones: a case on a lamp on a road in a grid. */
const RANK: Record<Geometry['type'], number> = { Point: 0, MultiPoint: 0, LineString: 1, MultiLineString: 1, Polygon: 2, MultiPolygon: 2, GeometryCollection: 3 }

function pixelsTo(geometry: Geometry, pointer: Pixel, toPixel: ToPixel): number {
  if (RANK[geometry.type] === 2) return 0
  let least = Infinity
  for (const path of pathsOf(geometry)) {
    const pixels = path.map(toPixel)
    pixels.forEach((b, index) => {
      const a = pixels[index - 1] ?? b
      const part = along(pointer, a, b)
      least = Math.min(least, Math.hypot(a.x + (b.x - a.x) * part - pointer.x, a.y + (b.y - a.y) * part - pointer.y))
    })
  }
  return least
}
const area = (geometry: Geometry): number => (geometry.type === 'Polygon' ? polygonM2(geometry.coordinates) : geometry.type === 'MultiPolygon' ? geometry.coordinates.reduce((sum, part) => sum + polygonM2(part), 0) : 0)

/** Layers earlier in `order` go first among things of the same kind. At most `most`: nobody reads further. */
export function rank(hits: readonly Hit[], pointer: Pixel, toPixel: ToPixel, order: readonly string[], most = 20): Hit[] {
  const once = new Map<string, Hit>()
  for (const hit of hits) if (!once.has(`${hit.layer} ${hit.id}`)) once.set(`${hit.layer} ${hit.id}`, hit)
  const place = (layer: string) => {
    const at = order.indexOf(layer)
    return at < 0 ? order.length : at
  }
  return [...once.values()]
    .map((hit) => ({ hit, kind: RANK[hit.geometry.type], far: pixelsTo(hit.geometry, pointer, toPixel), size: area(hit.geometry) }))
    .sort((a, b) => a.kind - b.kind || place(a.hit.layer) - place(b.hit.layer) || a.far - b.far || a.size - b.size || a.hit.id.localeCompare(b.hit.id))
    .slice(0, most)
    .map(({ hit }) => hit)
}

/** Whether all these lie so close that no zoom tells them apart. */
export function crowded(hits: readonly Hit[], toPixel: ToPixel, within = 14): boolean {
  const points = hits.filter((hit) => RANK[hit.geometry.type] === 0).map((hit) => toPixel(everyPosition(hit.geometry)[0] ?? [0, 0]))
  const [first] = points
  return first !== undefined && points.length > 1 && points.every((one) => Math.hypot(one.x - first.x, one.y - first.y) <= within)
}

/** Where the things of a crowded place are fanned out to: a ring for a few, a spiral for more, in pixels from the place. */
export function fanOut(n: number, spacing = 36): Pixel[] {
  if (n <= 0) return []
  if (n <= 8) {
    const radius = Math.max(spacing, (n * spacing) / (2 * Math.PI))
    return Array.from({ length: n }, (_, index) => {
      const angle = -Math.PI / 2 + (index * 2 * Math.PI) / n
      return { x: Math.cos(angle) * radius, y: Math.sin(angle) * radius }
    })
  }
  const out: Pixel[] = []
  let angle = 0
  let radius = spacing
  for (let index = 0; index < n; index += 1) {
    out.push({ x: Math.cos(angle) * radius, y: Math.sin(angle) * radius })
    // An arc of one spacing further; a turn takes one spacing outwards.
    angle += spacing / radius
    radius += (spacing * spacing) / (radius * 2 * Math.PI)
  }
  return out
}

export const atPosition = (geometry: Geometry): Position => everyPosition(geometry)[0] ?? [0, 0]
