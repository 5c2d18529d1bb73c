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

/** A square part of a tile, in pixels. */
export interface Part {
  u: number
  v: number
  side: number
}
/**
 * The parts that a tile is put together from. GCJ-02 bends so little that a tile is one; BD-09 sways by forty metres
 * every ten kilometres, which at the zooms of a city takes more.
 */
export function partsOf(z: number, size: number, datum: Datum): Part[] {
  const across = datum === 'bd09' && z < 15 ? (z === 14 ? 2 : 8) : 1
  const side = size / across
  return Array.from({ length: across * across }, (_, at) => ({ u: (at % across) * side, v: Math.floor(at / across) * side, side }))
}

/** From a tile's pixels to those of the pictures, as good as linear within the part. */
export function placing(z: number, x: number, y: number, size: number, datum: Datum, part: Part = { u: 0, v: 0, side: size }): Placing {
  const at = (du: number, dv: number): [number, number] => {
    const [lng, lat] = express(datum, lngOf(x + (part.u + du * part.side) / size, z), latOf(y + (part.v + dv * part.side) / size, z))
    const [px, py] = project(lng, lat, z)
    return [px * size, py * size]
  }
  const [nw, ne, sw, se] = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)]
  // The middle of both ways across, so that the error of the fourth corner is shared by all.
  const slope = (from: number, to: number, from2: number, to2: number) => (to - from + (to2 - from2)) / 2 / part.side
  const a = slope(nw[0], ne[0], sw[0], se[0])
  const b = slope(nw[1], ne[1], sw[1], se[1])
  const c = slope(nw[0], sw[0], ne[0], se[0])
  const d = slope(nw[1], sw[1], ne[1], se[1])
  const middle = [0, 1].map((axis) => ((nw[axis] ?? 0) + (ne[axis] ?? 0) + (sw[axis] ?? 0) + (se[axis] ?? 0)) / 4)
  const [u, v] = [part.u + part.side / 2, part.v + part.side / 2]
  return { a, b, c, d, e: (middle[0] ?? 0) - a * u - c * v, f: (middle[1] ?? 0) - b * u - d * v }
}

/** The pictures a part lies on. */
export function picturesUnder(place: Placing, size: number, z: number, part: Part = { u: 0, v: 0, side: size }): { x: number; y: number }[] {
  const [right, below] = [part.u + part.side, part.v + part.side]
  const corners = [[part.u, part.v], [right, part.v], [part.u, below], [right, below]].map(([u = 0, v = 0]) => [place.a * u + place.c * v + place.e, place.b * u + place.d * v + place.f] as const)
  const range = (axis: 0 | 1) => {
    const along = corners.map((corner) => corner[axis] / size)
    // What touches an edge without reaching over it is of no use.
    return [Math.floor(Math.min(...along) + 1e-6), Math.ceil(Math.max(...along) - 1e-6) - 1] as const
  }
  const [[west, east], [top, bottom]] = [range(0), range(1)]
  const side = 2 ** z
  const found: { x: number; y: number }[] = []
  for (let y = Math.max(0, top); y <= Math.min(side - 1, bottom); y += 1) for (let x = west; x <= east; x += 1) found.push({ x: ((x % side) + side) % side, y })
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
  const parts = partsOf(zoom, size, pictures.datum).map((part) => {
    const place = placing(zoom, column, row, size, pictures.datum, part)
    return { part, place, under: picturesUnder(place, size, zoom, part) }
  })
  const canvas = new OffscreenCanvas(size, size)
  const draw = canvas.getContext('2d')
  if (!draw) throw new Error('no canvas')
  const name = (at: { x: number; y: number }) => `${at.x}/${at.y}`
  const wanted = new Map(parts.flatMap(({ under }) => under).map((at) => [name(at), at]))
  for (const addresses of pictures.layers) {
    const loaded = new Map(await Promise.all([...wanted].map(async ([key, at]) => [key, await picture(addressOf(addresses, zoom, at.x, at.y, pictures.tms), signal)] as const)))
    for (const { part, place, under } of parts) {
      const det = place.a * place.d - place.b * place.c
      draw.save()
      draw.beginPath()
      draw.rect(part.u, part.v, part.side, part.side)
      draw.clip()
      for (const at of under) {
        const image = loaded.get(name(at))
        if (!image) continue
        // The pictures' pixels to ours: the inverse of the placing, from this picture's corner.
        const [dx, dy] = [at.x * size - place.e, at.y * size - place.f]
        draw.setTransform(place.d / det, -place.b / det, -place.c / det, place.a / det, (place.d * dx - place.c * dy) / det, (place.a * dy - place.b * dx) / det)
        draw.drawImage(image, 0, 0, size, size)
      }
      draw.restore()
    }
    for (const image of loaded.values()) image?.close()
  }
  return canvas.transferToImageBitmap()
}
