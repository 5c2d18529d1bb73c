/** Snapping: a drawn vertex takes the place of a neighbour's, or lies on a neighbour's edge, when it comes near. */
import type { Geometry, Position } from 'geojson'
import { x, y } from './ground'

export interface Pixel {
  x: number
  y: number
}
export type ToPixel = (at: Position) => Pixel
export interface Snapped {
  at: Position
  /** A vertex is taken exactly; on an edge the nearest place. */
  on: 'vertex' | 'edge'
}
/** Paths to snap to: lines and rings, a point as a path of one. */
export type Paths = readonly (readonly Position[])[]

/** How near is near: what a finger can mean. */
export const REACH_PX = 12

export function pathsOf(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case 'Point':
      return [[geometry.coordinates]]
    case 'MultiPoint':
      return geometry.coordinates.map((at) => [at])
    case 'LineString':
      return [geometry.coordinates]
    case 'Polygon':
    case 'MultiLineString':
      return geometry.coordinates
    case 'MultiPolygon':
      return geometry.coordinates.flat()
    case 'GeometryCollection':
      return geometry.geometries.flatMap(pathsOf)
  }
}

const apart = (a: Pixel, b: Pixel) => Math.hypot(a.x - b.x, a.y - b.y)

/** How far along a segment the place nearest to `p` lies, 0 to 1. */
export function along(p: Pixel, a: Pixel, b: Pixel): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const square = dx * dx + dy * dy
  return square === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / square))
}

/**
 * The vertex within reach that is nearest, else the place on an edge. A vertex goes before an edge even when the edge
 * is nearer: corners are what neighbours must share.
 */
export function snap(pointer: Pixel, paths: Paths, toPixel: ToPixel, reach = REACH_PX): Snapped | null {
  let vertex: { at: Position; far: number } | null = null
  let edge: { at: Position; far: number } | null = null
  for (const path of paths) {
    let before: { at: Position; pixel: Pixel } | null = null
    for (const at of path) {
      const pixel = toPixel(at)
      const far = apart(pixel, pointer)
      if (far <= reach && (vertex === null || far < vertex.far)) vertex = { at, far }
      if (before) {
        const part = along(pointer, before.pixel, pixel)
        const there = { x: before.pixel.x + (pixel.x - before.pixel.x) * part, y: before.pixel.y + (pixel.y - before.pixel.y) * part }
        const off = apart(there, pointer)
        if (off <= reach && (edge === null || off < edge.far)) {
          edge = { at: [x(before.at) + (x(at) - x(before.at)) * part, y(before.at) + (y(at) - y(before.at)) * part], far: off }
        }
      }
      before = { at, pixel }
    }
  }
  if (vertex) return { at: [...vertex.at], on: 'vertex' }
  return edge && { at: edge.at, on: 'edge' }
}
