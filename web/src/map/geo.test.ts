import { describe, expect, it } from 'vitest'
import { metresApart } from '@/ui/photo'
import { circlePolygon, isLngLat, pointCollection } from './geo'

describe('places', () => {
  it('a circle is as wide as it says, everywhere', () => {
    const centre = { lng: -71.06, lat: 42.36 }
    for (const [lng, lat] of circlePolygon({ centre, radiusM: 200 }).geometry.coordinates[0] as [number, number][]) {
      expect(Math.abs(metresApart(centre, { lng, lat }) - 200)).toBeLessThan(1)
    }
  })
  it('what is not a place is left out, not drawn at zero', () => {
    expect(isLngLat({ lng: Number.NaN, lat: 1 })).toBe(false)
    expect(pointCollection([{ lng: 200, lat: 1, id: 'a' }, { lng: 1, lat: 1, id: 'b' }]).features.map((f) => f.properties?.id)).toEqual(['b'])
  })
})
