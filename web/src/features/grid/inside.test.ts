import type { Polygon } from 'geojson'
import { describe, expect, it } from 'vitest'
import { holds } from './inside'

const block: Polygon = {
  type: 'Polygon',
  coordinates: [
    [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
    [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]],
  ],
}

describe('a click', () => {
  it.each([
    [1, 1, true],
    [5, 5, false],
    [11, 5, false],
    [3.9, 5, true],
  ])('at %d, %d is inside: %s', (lng, lat, expected) => {
    expect(holds(block, lng, lat)).toBe(expected)
  })
  it('counts in any part of several', () => {
    const two = { type: 'MultiPolygon' as const, coordinates: [block.coordinates, [[[20, 0], [21, 0], [21, 1], [20, 0]]]] }
    expect(holds(two, 20.8, 0.2)).toBe(true)
    expect(holds(two, 15, 0.2)).toBe(false)
  })
})
