/**
 * Pictures of others as a base map. One of a shifted datum is drawn where it belongs: each of our tiles is put
 * together from the pictures it lies on, moved, stretched and sheared as the datum does there, which at every zoom
 * is right to less than half a pixel. Pictures that lie one on another are joined on the way.
 */
import { type Datum, express, isShifted } from './datum'

export interface Pictures {
  /** Drawn one on another; of each, addresses that give the same tile. */
  layers: string[][]
  datum: Datum
  /** Rows are counted from the south. */
  tms: boolean
  /** Pixels of a picture's side. */
  size: number
  maxZoom: number
}
/** Where on the pictures a tile of ours lies: pixels of the whole world at that zoom, as `x = a·u + c·v + e` of pixels u, v of the tile. */
export interface Placing {
  a: number
  b: number
  c: number
  d: number
  e: number
  f: number
}

const RAD = Math.PI / 180
const lngOf = (x: number, z: number) => (x / 2 ** z) * 360 - 180
const latOf = (y: number, z: number) => Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** z))) / RAD
function project(lng: number, lat: number, z: number): [number, number] {
  const side = 2 ** z
  const sin = Math.sin(lat * RAD)
  return [((lng + 180) / 360) * side, (0.5 - Math.atanh(sin) / (2 * Math.PI)) * side]
}

/** From a tile's pixels to those of the pictures: exact at three corners, and between them as good as linear. */
export function placing(z: number, x: number, y: number, size: number, datum: Datum): Placing {
  const at = (dx: number, dy: number): [number, number] => {
    const [lng, lat] = express(datum, lngOf(x + dx, z), latOf(y + dy, z))
    const [px, py] = project(lng, lat, z)
    return [px * size, py * size]
  }
  const [nw, ne, sw, se] = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)]
  // The middle of both ways across, so that the error of the fourth corner is shared by all.
  const slope = (from: number, to: number, from2: number, to2: number) => (to - from + (to2 - from2)) / 2 / size
  const a = slope(nw[0], ne[0], sw[0], se[0])
  const b = slope(nw[1], ne[1], sw[1], se[1])
  const c = slope(nw[0], sw[0], ne[0], se[0])
  const d = slope(nw[1], sw[1], ne[1], se[1])
  const middle = [0, 1].map((axis) => ((nw[axis] ?? 0) + (ne[axis] ?? 0) + (sw[axis] ?? 0) + (se[axis] ?? 0)) / 4)
  const half = size / 2
  return { a, b, c, d, e: (middle[0] ?? 0) - (a + c) * half, f: (middle[1] ?? 0) - (b + d) * half }
}

/** The pictures a tile lies on. */
export function picturesUnder(place: Placing, size: number, z: number): { x: number; y: number }[] {
  const corners = [[0, 0], [size, 0], [0, size], [size, size]].map(([u = 0, v = 0]) => [place.a * u + place.c * v + place.e, place.b * u + place.d * v + place.f] as const)
  const range = (axis: 0 | 1) => {
    const along = corners.map((corner) => corner[axis] / size)
    // What touches an edge without reaching over it is of no use.
    return [Math.floor(Math.min(...along) + 1e-6), Math.ceil(Math.max(...along) - 1e-6) - 1] as const
  }
  const [[left, right], [top, bottom]] = [range(0), range(1)]
  const side = 2 ** z
  const found: { x: number; y: number }[] = []
  for (let y = Math.max(0, top); y <= Math.min(side - 1, bottom); y += 1) for (let x = left; x <= right; x += 1) found.push({ x: ((x % side) + side) % side, y })
  return found
}

export function addressOf(addresses: readonly string[], z: number, x: number, y: number, tms: boolean): string {
  const url = addresses[(x + y) % addresses.length] ?? ''
  const row = tms ? 2 ** z - 1 - y : y
  const full = url.replace('{z}', String(z)).replace('{x}', String(x)).replace('{y}', String(row))
  return full.startsWith('/') ? `${self.location.origin}${full}` : full
}

const known = new Map<string, Pictures>()
export const PROTOCOL = 'pictures'

/** True when the map can load the pictures by itself: one layer, our datum. */
export const isPlain = (pictures: Pictures): boolean => pictures.layers.length === 1 && !isShifted(pictures.datum)

/** The address for MapLibre, which calls [`loadTile`] for it. */
export function address(id: string, pictures: Pictures): string {
  known.set(id, pictures)
  return `${PROTOCOL}://${encodeURIComponent(id)}/{z}/{x}/{y}`
}

async function picture(url: string, signal: AbortSignal): Promise<ImageBitmap | null> {
  const answer = await fetch(url, { signal, credentials: url.startsWith(self.location.origin) ? 'same-origin' : 'omit' })
  // A hole in somebody's map is a hole, not a failure of ours.
  if (answer.status === 404 || answer.status === 204) return null
  if (!answer.ok) throw new Error(`${answer.status}`)
  return createImageBitmap(await answer.blob())
}

/** One of our tiles, put together. */
export async function loadTile(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const [, id = '', z = '', x = '', y = ''] = /:\/\/([^/]+)\/(\d+)\/(\d+)\/(\d+)$/.exec(url) ?? []
  const pictures = known.get(decodeURIComponent(id))
  if (!pictures) throw new Error(`no pictures ${id}`)
  const [zoom, column, row] = [Number(z), Number(x), Number(y)]
  const { size } = pictures
  const place = placing(zoom, column, row, size, pictures.datum)
  const under = picturesUnder(place, size, zoom)
  const canvas = new OffscreenCanvas(size, size)
  const draw = canvas.getContext('2d')
  if (!draw) throw new Error('no canvas')
  const det = place.a * place.d - place.b * place.c
  for (const addresses of pictures.layers) {
    const loaded = await Promise.all(under.map(async (at) => ({ at, image: await picture(addressOf(addresses, zoom, at.x, at.y, pictures.tms), signal) })))
    for (const { at, image } of loaded) {
      if (!image) continue
      // The pictures' pixels to ours: the inverse of the placing, from this picture's corner.
      const [dx, dy] = [at.x * size - place.e, at.y * size - place.f]
      draw.setTransform(place.d / det, -place.b / det, -place.c / det, place.a / det, (place.d * dx - place.c * dy) / det, (place.a * dy - place.b * dx) / det)
      draw.drawImage(image, 0, 0, size, size)
      image.close()
    }
  }
  return canvas.transferToImageBitmap()
}
