/**
 * A `Drawing` on the map: clicks add, vertices are dragged, midpoints pulled out, neighbours snapped to. By keyboard
 * the middle of the map is the pencil: Space or Enter sets a vertex there, Enter on what is ready finishes, arrows
 * move the held vertex, `,` and `.` hold another one.
 */
import type { FeatureCollection, Position } from 'geojson'
import type { GeoJSONSource, Map, MapMouseEvent, MapTouchEvent } from 'maplibre-gl'
import type { Palette } from '@/ui/tokens'
import type { Drawing, Vertex } from './draw'
import { x, y } from './ground'
import { type Paths, type Snapped, pathsOf, snap } from './snap'

export interface DrawOptions {
  palette: Palette
  /** Style layers whose features are snapped to. */
  snapLayers: () => readonly string[]
  /** Further shapes to snap to, exact ones: what a tile holds is rounded. */
  snapTo?: () => Paths
  finished: () => void
  cancelled: () => void
  /** What the pointer snapped to, for words on the screen. */
  snapped?: (on: Snapped['on'] | null) => void
}
/** How near a press must be to a vertex: a finger is wide. */
const GRAB_PX = 12
const LAYERS = ['draw-fill', 'draw-line', 'draw-ghost', 'draw-middle', 'draw-vertex', 'draw-held'] as const
const empty: FeatureCollection = { type: 'FeatureCollection', features: [] }

export function drawOnMap(map: Map, drawing: Drawing, options: DrawOptions): () => void {
  const { palette: p } = options
  let ghost: Position | null = null
  let dragged: Vertex | null = null
  /** The press that ended a drag is no click. */
  let quiet = false
  const canvas = map.getCanvas()

  function addLayers() {
    if (map.getSource('draw')) return
    map.addSource('draw', { type: 'geojson', data: empty })
    const kind = (name: string): never => ['==', ['get', 'kind'], name] as never
    map.addLayer({ id: 'draw-fill', type: 'fill', source: 'draw', filter: kind('area'), paint: { 'fill-color': p.accent, 'fill-opacity': 0.15 } })
    map.addLayer({ id: 'draw-line', type: 'line', source: 'draw', filter: kind('line'), layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': p.accent, 'line-width': 2.5 } })
    map.addLayer({ id: 'draw-ghost', type: 'line', source: 'draw', filter: kind('ghost'), paint: { 'line-color': p.accent, 'line-width': 2, 'line-dasharray': [2, 2] } })
    map.addLayer({ id: 'draw-middle', type: 'circle', source: 'draw', filter: kind('middle'), paint: { 'circle-radius': 4, 'circle-color': p.accent, 'circle-opacity': 0.6, 'circle-stroke-width': 1, 'circle-stroke-color': p.surface } })
    map.addLayer({ id: 'draw-vertex', type: 'circle', source: 'draw', filter: kind('vertex'), paint: { 'circle-radius': 6, 'circle-color': p.surface, 'circle-stroke-width': 2.5, 'circle-stroke-color': p.accent } })
    map.addLayer({ id: 'draw-held', type: 'circle', source: 'draw', filter: kind('held'), paint: { 'circle-radius': 7, 'circle-color': p.accent, 'circle-stroke-width': 3, 'circle-stroke-color': p.surface } })
  }
  function render() {
    const source = map.getSource('draw') as GeoJSONSource | undefined
    if (!source) return
    const features: FeatureCollection['features'] = []
    const put = (kind: string, geometry: FeatureCollection['features'][number]['geometry'], more = {}) => features.push({ type: 'Feature', geometry, properties: { kind, ...more } })
    const close = (ring: readonly Position[]) => [...ring, ring[0] ?? []].map((at) => [...at])
    if (drawing.shape === 'polygon' && drawing.vertices.length > 2) put('area', { type: 'Polygon', coordinates: drawing.paths.map(close) })
    for (const own of drawing.paths) {
      if (own.length > 1 && drawing.shape !== 'point') put('line', { type: 'LineString', coordinates: drawing.shape === 'polygon' && drawing.whole ? close(own) : own.map((at) => [...at]) })
    }
    const last = drawing.vertices.at(-1)
    if (ghost && last && !drawing.whole && drawing.shape !== 'point') put('ghost', { type: 'LineString', coordinates: drawing.shape === 'polygon' && drawing.vertices.length > 1 ? [last, ghost, drawing.vertices[0] ?? last] : [last, ghost] })
    for (const { at } of drawing.midpoints()) put('middle', { type: 'Point', coordinates: at })
    drawing.paths.forEach((own, path) => own.forEach((at, index) => put(drawing.held?.path === path && drawing.held.index === index ? 'held' : 'vertex', { type: 'Point', coordinates: [...at] })))
    source.setData({ type: 'FeatureCollection', features })
  }
  const stopHearing = drawing.onChange(render)
  const restyle = () => {
    addLayers()
    render()
  }

  const pixel = (at: Position) => map.project([x(at), y(at)])
  /** The pointer's place on the ground, drawn to a neighbour unless the person holds Alt. */
  function placeOf(point: { x: number; y: number }, free: boolean): Position {
    const lngLat = map.unproject([point.x, point.y])
    if (!free) {
      const layers = options.snapLayers().filter((id) => map.getLayer(id))
      const near = layers.length > 0 ? map.queryRenderedFeatures([[point.x - GRAB_PX, point.y - GRAB_PX], [point.x + GRAB_PX, point.y + GRAB_PX]], { layers }) : []
      const found = snap(point, options.snapTo?.() ?? [], pixel) ?? snap(point, near.flatMap((feature) => pathsOf(feature.geometry)), pixel)
      options.snapped?.(found?.on ?? null)
      if (found) return found.at
    } else options.snapped?.(null)
    return [lngLat.lng, lngLat.lat]
  }
  function vertexAt(point: { x: number; y: number }): Vertex | null {
    let best: { vertex: Vertex; far: number } | null = null
    drawing.paths.forEach((own, path) =>
      own.forEach((at, index) => {
        const there = pixel(at)
        const far = Math.hypot(there.x - point.x, there.y - point.y)
        if (far <= GRAB_PX && (best === null || far < best.far)) best = { vertex: { path, index }, far }
      }),
    )
    return (best as { vertex: Vertex } | null)?.vertex ?? null
  }
  function middleAt(point: { x: number; y: number }) {
    return drawing.midpoints().find(({ at }) => {
      const there = pixel(at)
      return Math.hypot(there.x - point.x, there.y - point.y) <= GRAB_PX
    })
  }
  const free = (event: { originalEvent: Event }) => (event.originalEvent as MouseEvent).altKey === true

  function click(event: MapMouseEvent) {
    if (quiet) {
      quiet = false
      return
    }
    if (drawing.shape === 'point') return drawing.add(placeOf(event.point, free(event)))
    const vertex = vertexAt(event.point)
    if (vertex) {
      // On the first vertex of a ring, or the last of a line: done.
      const closes = !drawing.whole && (drawing.shape === 'polygon' ? vertex.index === 0 : vertex.index === drawing.vertices.length - 1)
      if (closes && drawing.finish()) return options.finished()
      return drawing.hold(vertex)
    }
    if (!drawing.whole) drawing.add(placeOf(event.point, free(event)))
    else drawing.hold(null)
  }
  function doubleClick(event: MapMouseEvent) {
    event.preventDefault()
    if (!drawing.whole && drawing.finish()) options.finished()
  }
  function press(event: MapMouseEvent | MapTouchEvent) {
    quiet = false
    if ('points' in event && event.points.length > 1) return
    const vertex = vertexAt(event.point)
    const middle = vertex || drawing.shape === 'point' ? undefined : middleAt(event.point)
    if (!vertex && !middle) return
    event.preventDefault()
    drawing.begin()
    if (middle) drawing.insert(middle.after, middle.at)
    dragged = vertex ?? (middle ? { path: middle.after.path, index: middle.after.index + 1 } : null)
  }
  function move(event: MapMouseEvent | MapTouchEvent) {
    if (dragged) {
      event.preventDefault()
      quiet = true
      drawing.move(dragged, placeOf(event.point, free(event)))
      return
    }
    canvas.style.cursor = vertexAt(event.point) || middleAt(event.point) ? 'grab' : drawing.whole && drawing.shape !== 'point' ? '' : 'crosshair'
    if (!drawing.whole || drawing.shape === 'point') {
      ghost = placeOf(event.point, free(event))
      render()
    }
  }
  function release() {
    if (!dragged) return
    dragged = null
    drawing.end()
  }
  function pencil() {
    const { clientWidth, clientHeight } = canvas
    drawing.add(placeOf({ x: clientWidth / 2, y: clientHeight / 2 }, false))
  }
  function nudge(dx: number, dy: number) {
    const at = drawing.held && drawing.positionOf(drawing.held)
    if (!drawing.held || !at) return
    const there = pixel(at)
    const to = map.unproject([there.x + dx, there.y + dy])
    drawing.move(drawing.held, [to.lng, to.lat])
  }
  function key(event: KeyboardEvent) {
    const mod = event.ctrlKey || event.metaKey
    const far = event.shiftKey ? 10 : 1
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }
    const arrow = arrows[event.key]
    const done = () => {
      event.preventDefault()
      event.stopPropagation()
    }
    if (mod && event.key.toLowerCase() === 'z') {
      done()
      return event.shiftKey ? drawing.redo() : drawing.undo()
    }
    if (mod && event.key.toLowerCase() === 'y') {
      done()
      return drawing.redo()
    }
    if (mod || event.altKey) return
    if (arrow && drawing.held) {
      done()
      return nudge(...arrow)
    }
    switch (event.key) {
      case 'Escape':
        done()
        return drawing.held && drawing.whole && drawing.shape !== 'point' ? drawing.hold(null) : options.cancelled()
      case 'Backspace':
      case 'Delete':
        done()
        return drawing.removeHeld()
      case ' ':
        done()
        return pencil()
      case 'Enter':
        done()
        if (drawing.finish()) return options.finished()
        return drawing.whole ? undefined : pencil()
      case '.':
      case ',':
        done()
        return drawing.holdNext(event.key === '.' ? 1 : -1)
      default:
    }
  }

  const begin = () => {
    restyle()
    map.doubleClickZoom.disable()
  }
  if (map.isStyleLoaded()) begin()
  else map.once('idle', begin)
  map.on('style.load', restyle)
  map.on('click', click)
  map.on('dblclick', doubleClick)
  map.on('mousedown', press)
  map.on('touchstart', press)
  map.on('mousemove', move)
  map.on('touchmove', move)
  map.on('mouseup', release)
  map.on('touchend', release)
  // Before the map's own keys, which pan.
  canvas.addEventListener('keydown', key, true)
  return () => {
    stopHearing()
    map.off('idle', begin)
    map.off('style.load', restyle)
    map.off('click', click)
    map.off('dblclick', doubleClick)
    map.off('mousedown', press)
    map.off('touchstart', press)
    map.off('mousemove', move)
    map.off('touchmove', move)
    map.off('mouseup', release)
    map.off('touchend', release)
    canvas.removeEventListener('keydown', key, true)
    canvas.style.cursor = ''
    map.doubleClickZoom.enable()
    for (const id of LAYERS) if (map.getLayer(id)) map.removeLayer(id)
    if (map.getSource('draw')) map.removeSource('draw')
  }
}
