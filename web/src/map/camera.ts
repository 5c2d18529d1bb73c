/** Where the map looks, as it stands in the URL: `12.5/36.7068/119.1619`. */
import type { LngLat } from './geo'

export interface Camera {
  centre: LngLat
  zoom: number
}
/** As exact as a pixel is wide. */
export function writeCamera({ centre, zoom }: Camera): string {
  const digits = Math.max(3, Math.min(6, Math.ceil(zoom / 3)))
  return `${Number(zoom.toFixed(2))}/${centre.lat.toFixed(digits)}/${centre.lng.toFixed(digits)}`
}
export function readCamera(words: string | null | undefined): Camera | null {
  const [zoom, lat, lng] = (words ?? '').split('/').map((part) => (part === '' ? NaN : Number(part)))
  if (zoom === undefined || lat === undefined || lng === undefined) return null
  if (![zoom, lat, lng].every(Number.isFinite) || zoom < 0 || zoom > 24 || Math.abs(lat) > 90 || Math.abs(lng) > 180) return null
  return { zoom, centre: { lng, lat } }
}
/** A camera that shows a box on a screen of this many pixels. */
export function cameraFor(box: { west: number; south: number; east: number; north: number }, width = 900, height = 700): Camera {
  const mercator = (lat: number) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))
  const [top, bottom] = [mercator(box.north), mercator(box.south)]
  const across = Math.log2((width * 360) / (512 * Math.max(box.east - box.west, 1e-6)))
  const down = Math.log2((height * 2 * Math.PI) / (512 * Math.max(top - bottom, 1e-8)))
  return { centre: { lng: (box.west + box.east) / 2, lat: (box.south + box.north) / 2 }, zoom: Math.max(3, Math.min(18, across, down) - 0.2) }
}
