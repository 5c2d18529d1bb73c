/** Which tiles a box meets, so that only those are asked for again. */
import type { Box } from './ground'

export interface Tile {
  z: number
  x: number
  y: number
}
const RAD = Math.PI / 180
const column = (lng: number, z: number) => ((lng + 180) / 360) * 2 ** z
function row(lat: number, z: number): number {
  const sin = Math.sin(Math.max(-85.05112878, Math.min(85.05112878, lat)) * RAD)
  return (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * 2 ** z
}

/** More than these and everything is asked for again: that is what a screen holds. */
export const TILES_MAX = 64
/** A tile reaches this share of its side into its neighbours, so that signs on the edge are whole. */
const BUFFER = 64 / 4096

/** The tiles of one zoom that a box meets, their margins included; null when they are more than `most`. */
export function tilesIn(box: Box, z: number, most = TILES_MAX): Tile[] | null {
  const last = 2 ** z - 1
  const clamp = (value: number) => Math.max(0, Math.min(last, value))
  const [left, right] = [clamp(Math.floor(column(box.west, z) - BUFFER)), clamp(Math.floor(column(box.east, z) + BUFFER))]
  const [top, bottom] = [clamp(Math.floor(row(box.north, z) - BUFFER)), clamp(Math.floor(row(box.south, z) + BUFFER))]
  if ((right - left + 1) * (bottom - top + 1) > most) return null
  const found: Tile[] = []
  for (let ty = top; ty <= bottom; ty += 1) for (let tx = left; tx <= right; tx += 1) found.push({ z, x: tx, y: ty })
  return found
}
/** The tiles of all zooms that may be on a screen which shows `zoom`: its own and the ones drawn until those come. */
export function tilesAround(box: Box, zoom: number, minzoom: number, maxzoom: number): Tile[] | null {
  const found: Tile[] = []
  const middle = Math.max(minzoom, Math.min(maxzoom, Math.floor(zoom)))
  for (let z = Math.max(minzoom, middle - 2); z <= Math.min(maxzoom, middle + 1); z += 1) {
    const own = tilesIn(box, z)
    if (own === null || found.length + own.length > TILES_MAX) return null
    found.push(...own)
  }
  return found
}
