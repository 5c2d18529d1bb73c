import { describe, expect, it } from 'vitest'
import type { Position } from 'geojson'
import { cameraFor, readCamera, writeCamera } from './camera'
import { Drawing } from './draw'
import { anchorOf, areaM2, boxOf, boxWords, cutsItself, inPolygon, lengthM, metresBetween, polygonM2, readBox, ringOf } from './ground'
import { type Hit, crowded, fanOut, rank } from './pick'
import { snap } from './snap'
import { tilesAround, tilesIn } from './tiles'
import { readWkt, writeWkt } from './wkt'

const square: Position[] = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
const plain = (at: Position) => ({ x: at[0] ?? 0, y: at[1] ?? 0 })

describe('well-known text', () => {
  it('is read and written without loss', () => {
    const table = [
      'POINT(119.16 36.7)',
      'LINESTRING(119.16 36.7, 119.17 36.71)',
      'POLYGON((0 0, 10 0, 10 10, 0 0), (2 2, 3 2, 3 3, 2 2))',
      'MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), (5.2 5.1, 5.4 5.1, 5.4 5.2, 5.2 5.1)))',
    ]
    for (const text of table) {
      const place = readWkt(text)
      expect(place, text).not.toBeNull()
      if (place) expect(writeWkt(place)).toBe(text)
    }
  })
  it('reads a height over and answers nothing for what it does not know', () => {
    expect(readWkt('POINT Z (1 2 30)')).toEqual({ type: 'Point', coordinates: [1, 2] })
    expect(readWkt('point(1e-3 -2.5)')).toEqual({ type: 'Point', coordinates: [0.001, -2.5] })
    for (const text of ['', 'POINT', 'POINT()', 'CIRCLE(1 2)', 'LINESTRING(1 2)', null]) expect(readWkt(text), String(text)).toBeNull()
  })
})

describe('on the ground', () => {
  it('measures as a survey does', () => {
    // One minute of latitude at 36.7° north is 1,849.5 m on the ellipsoid.
    expect(metresBetween([119, 36.7], [119, 36.7 + 1 / 60])).toBeCloseTo(1849.5, 0)
    expect(lengthM([[119, 36.7], [119, 36.71], [119, 36.72]])).toBeCloseTo(metresBetween([119, 36.7], [119, 36.72]), 3)
    const side = 0.001
    const ring: Position[] = [[119, 36.7], [119 + side, 36.7], [119 + side, 36.7 + side], [119, 36.7 + side]]
    const expected = metresBetween([119, 36.7005], [119 + side, 36.7005]) * metresBetween([119, 36.7], [119, 36.7 + side])
    expect(areaM2(ring)).toBeCloseTo(expected, 0)
    expect(areaM2([...ring].reverse())).toBeCloseTo(expected, 0)
    expect(areaM2([...ring, ring[0] ?? []])).toBeCloseTo(expected, 0)
    expect(polygonM2([ring, ring])).toBeCloseTo(0, 3)
  })
  it('knows inside from outside, holes too', () => {
    const hole: Position[] = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
    expect(inPolygon([5, 5], [square, hole])).toBe(true)
    expect(inPolygon([3, 3], [square, hole])).toBe(false)
    expect(inPolygon([11, 5], [square])).toBe(false)
  })
  it('finds a ring that cuts itself', () => {
    expect(cutsItself([[0, 0], [10, 0], [10, 10], [0, 10]])).toBe(false)
    expect(cutsItself([[0, 0], [10, 10], [10, 0], [0, 10]])).toBe(true)
  })
  it('shows a line by the middle of its way', () => {
    expect(anchorOf({ type: 'LineString', coordinates: [[0, 0], [0.01, 0], [0.01, 0.01]] })?.[0]).toBeCloseTo(0.01, 3)
    expect(anchorOf({ type: 'Polygon', coordinates: [square] })).toEqual([5, 5])
  })
  it('writes a box and reads it again', () => {
    const box = boxOf(square)
    expect(box).toEqual({ west: 0, south: 0, east: 10, north: 10 })
    if (box) expect(readBox(boxWords(box))).toEqual(box)
    for (const words of ['', '1,2,3', '1,2,0,3', 'a,b,c,d', undefined]) expect(readBox(words)).toBeNull()
    if (box) expect(ringOf(box)).toEqual(square)
  })
})

describe('snapping', () => {
  it('takes a corner before an edge, an edge before nothing', () => {
    expect(snap({ x: 9, y: 9 }, [square], plain, 3)).toEqual({ at: [10, 10], on: 'vertex' })
    expect(snap({ x: 5, y: 1 }, [square], plain, 3)).toEqual({ at: [5, 0], on: 'edge' })
    expect(snap({ x: 5, y: 5 }, [square], plain, 3)).toBeNull()
  })
  it('gives the very corner, so that neighbours share it', () => {
    const corner: Position = [119.161912345, 36.706812345]
    const found = snap({ x: 119.1619, y: 36.7068 }, [[corner, [120, 37]]], plain, 0.01)
    expect(found?.at).toEqual(corner)
  })
})

describe('drawing', () => {
  const drawn = () => {
    const drawing = new Drawing('polygon')
    for (const at of square.slice(0, 4)) drawing.add(at)
    return drawing
  }
  it('closes a polygon, and says why not', () => {
    const drawing = new Drawing('polygon')
    drawing.add([0, 0])
    drawing.add([10, 0])
    expect(drawing.problem).toBe('too_few_vertices')
    expect(drawing.finish()).toBe(false)
    drawing.add([10, 10])
    expect(drawing.finish()).toBe(true)
    expect(drawing.place()).toEqual({ type: 'Polygon', coordinates: [[[0, 0], [10, 0], [10, 10], [0, 0]]] })
    drawing.add([3, 3])
    expect(drawing.vertices).toHaveLength(3)
  })
  it('refuses a ring that cuts itself', () => {
    const drawing = new Drawing('polygon')
    for (const at of [[0, 0], [10, 10], [10, 0], [0, 10]]) drawing.add(at)
    expect(drawing.problem).toBe('cuts_itself')
  })
  it('undoes and redoes every kind of change, a drag as one', () => {
    const drawing = drawn()
    drawing.finish()
    drawing.insert({ path: 0, index: 1 }, [11, 5])
    drawing.begin()
    for (const n of [12, 13, 14]) drawing.move({ path: 0, index: 2 }, [n, 5])
    drawing.end()
    expect(drawing.vertices[2]).toEqual([14, 5])
    drawing.undo()
    expect(drawing.vertices[2]).toEqual([11, 5])
    drawing.undo()
    expect(drawing.vertices).toHaveLength(4)
    drawing.redo()
    drawing.redo()
    expect(drawing.vertices[2]).toEqual([14, 5])
    while (drawing.canUndo) drawing.undo()
    expect(drawing.empty).toBe(true)
    expect(drawing.whole).toBe(false)
  })
  it('forgets what was undone once something new is drawn', () => {
    const drawing = drawn()
    drawing.undo()
    drawing.add([5, 12])
    expect(drawing.canRedo).toBe(false)
  })
  it('keeps enough vertices of what is whole', () => {
    const drawing = new Drawing('line', { type: 'LineString', coordinates: [[0, 0], [1, 1]] })
    drawing.remove({ path: 0, index: 0 })
    expect(drawing.vertices).toHaveLength(2)
    expect(drawing.midpoints()).toEqual([{ after: { path: 0, index: 0 }, at: [0.5, 0.5] }])
  })
  it('keeps holes while the outline is changed', () => {
    const hole: Position[] = [[2, 2], [4, 2], [4, 4], [2, 2]]
    const drawing = new Drawing('polygon', { type: 'Polygon', coordinates: [square, hole] })
    drawing.move({ path: 0, index: 2 }, [12, 12])
    const place = drawing.place()
    expect(place?.type === 'Polygon' && place.coordinates[1]).toEqual(hole)
    expect(drawing.midpoints()).toHaveLength(7)
  })
  it('holds one vertex after the other', () => {
    const drawing = drawn()
    drawing.hold({ path: 0, index: 3 })
    drawing.holdNext(1)
    expect(drawing.held).toEqual({ path: 0, index: 0 })
    drawing.holdNext(-1)
    expect(drawing.held).toEqual({ path: 0, index: 3 })
  })
  it('moves a point with the next click', () => {
    const drawing = new Drawing('point')
    drawing.add([1, 1])
    drawing.add([2, 2])
    expect(drawing.place()).toEqual({ type: 'Point', coordinates: [2, 2] })
    drawing.undo()
    expect(drawing.place()).toEqual({ type: 'Point', coordinates: [1, 1] })
  })
})

describe('picking', () => {
  const hit = (layer: string, id: string, at: Position): Hit => ({ layer, id, properties: {}, geometry: { type: 'Point', coordinates: at } })
  const area: Hit = { layer: 'grids', id: 'g', properties: {}, geometry: { type: 'Polygon', coordinates: [square] } }
  it('tells each thing once: points before areas, layers in order, then by nearness', () => {
    const hits = [area, hit('components', 'far', [7, 5]), hit('components', 'near', [5.5, 5]), hit('cases', 'case', [6, 5]), hit('components', 'near', [5.5, 5])]
    expect(rank(hits, { x: 5, y: 5 }, plain, ['cases', 'components', 'grids']).map((one) => one.id)).toEqual(['case', 'near', 'far', 'g'])
  })
  it('knows a crowded place', () => {
    expect(crowded([hit('a', '1', [5, 5]), hit('a', '2', [6, 5])], plain)).toBe(true)
    expect(crowded([hit('a', '1', [5, 5]), hit('a', '2', [60, 5])], plain)).toBe(false)
    expect(crowded([hit('a', '1', [5, 5]), area], plain)).toBe(false)
  })
  it('fans out so that no two touch', () => {
    for (const n of [1, 2, 5, 8, 9, 30, 60]) {
      const places = fanOut(n)
      expect(places).toHaveLength(n)
      for (const [i, a] of places.entries()) for (const b of places.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y), `${n}`).toBeGreaterThan(26)
    }
  })
})

describe('tiles', () => {
  it('are those a box meets', () => {
    expect(tilesIn({ west: 119.16, south: 36.7, east: 119.16, north: 36.7 }, 14)).toEqual([{ z: 14, x: 13615, y: 6394 }])
    expect(tilesIn({ west: -180, south: -85, east: 180, north: 85 }, 2)).toHaveLength(16)
    expect(tilesIn({ west: 119, south: 36, east: 120, north: 37 }, 16)).toBeNull()
  })
  it('of the zooms on the screen', () => {
    const tiles = tilesAround({ west: 119.16, south: 36.7, east: 119.16, north: 36.7 }, 14.6, 0, 18)
    expect(tiles?.map((one) => one.z)).toEqual([12, 13, 14, 15])
  })
})

describe('the camera in the URL', () => {
  it('goes there and back', () => {
    const camera = { zoom: 15.25, centre: { lng: 119.161912, lat: 36.70681 } }
    const words = writeCamera(camera)
    expect(words).toBe('15.25/36.706810/119.161912')
    expect(readCamera(words)).toEqual(camera)
    for (const bad of ['', '12', '12/91/0', '12/x/0', '99/1/1', null]) expect(readCamera(bad)).toBeNull()
  })
  it('shows a box whole', () => {
    const { centre, zoom } = cameraFor({ west: 119, south: 36.6, east: 119.4, north: 36.8 })
    expect(centre.lng).toBeCloseTo(119.2)
    expect(zoom).toBeGreaterThan(10)
    expect(zoom).toBeLessThan(12)
  })
})
