import { describe, expect, it } from 'vitest'
import { express } from './datum'
import { addressOf, partsOf, picturesUnder, placing } from './raster'

const WEIFANG = { lng: 119.1619, lat: 36.7069 }
const world = (lng: number, lat: number, z: number, size: number) => {
  const side = 2 ** z * size
  return [((lng + 180) / 360) * side, (0.5 - Math.atanh(Math.sin((lat * Math.PI) / 180)) / (2 * Math.PI)) * side] as const
}

describe('datums', () => {
  it('are the published ones', () => {
    // Example of standards/codes.md §7: Beijing railway station.
    const [lng, lat] = express('gcj02', 116.42079, 39.90105)
    expect(Math.abs(lng - 116.42703)).toBeLessThan(1e-5)
    expect(Math.abs(lat - 39.90245)).toBeLessThan(1e-5)
    expect(express('cgcs2000', 1, 2)).toEqual([1, 2])
    expect(express('gcj02', -71, 42)).toEqual([-71, 42])
  })
})
describe('pictures of a shifted datum', () => {
  it('every place of a tile is found on them within half a pixel, at every zoom', () => {
    for (const datum of ['gcj02', 'bd09', 'wgs84'] as const) {
      for (let z = 3; z <= 19; z += 1) {
        for (const place of [WEIFANG, { lng: 116.42079, lat: 39.90105 }, { lng: 87.6, lat: 43.8 }, { lng: 113.3, lat: 23.1 }]) {
          const [wx, wy] = world(place.lng, place.lat, z, 256)
          const [x, y] = [Math.floor(wx / 256), Math.floor(wy / 256)]
          const parts = partsOf(z, 256, datum)
          for (const [u, v] of [[0, 0], [255, 255], [128, 128], [20, 230], [77, 3], [140, 190], [wx - x * 256, wy - y * 256]] as const) {
            const part = parts.find((one) => u >= one.u && v >= one.v && u < one.u + one.side && v < one.v + one.side)
            const at = placing(z, x, y, 256, datum, part)
            const n = 2 ** z
            const lng = ((x + u / 256) / n) * 360 - 180
            const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + v / 256)) / n))) * 180) / Math.PI
            const [tx, ty] = world(...express(datum, lng, lat), z, 256)
            const far = Math.hypot(at.a * u + at.c * v + at.e - tx, at.b * u + at.d * v + at.f - ty)
            expect(far, `${datum} z${z}`).toBeLessThan(0.5)
          }
        }
      }
    }
  })
  it('a tile lies on one picture of our datum and on up to four of another', () => {
    const of = (datum: 'wgs84' | 'gcj02') => picturesUnder(placing(16, 54460, 25637, 256, datum), 256, 16)
    expect(of('wgs84')).toEqual([{ x: 54460, y: 25637 }])
    expect(of('gcj02').length).toBeGreaterThan(1)
    expect(of('gcj02').length).toBeLessThanOrEqual(4)
  })
  it('addresses are spread over hosts, and rows counted from the south where that is the custom', () => {
    const urls = ['https://a/{z}/{x}/{y}', 'https://b/{z}/{x}/{y}']
    expect(addressOf(urls, 3, 1, 1, false)).toBe('https://a/3/1/1')
    expect(addressOf(urls, 3, 1, 2, true)).toBe('https://b/3/1/5')
  })
})
