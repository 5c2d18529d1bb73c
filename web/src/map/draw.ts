/**
 * What is being drawn: vertices with their history, without any map. Every change can be undone; a drag is one change.
 * A polygon's rings are kept open here (the first vertex is not repeated) and closed when they are read.
 */
import type { Position } from 'geojson'
import { cutsItself, x, y } from './ground'
import type { Place, Shape } from './wkt'

/** A vertex: its path (0 is the outer ring or the line itself) and its place there. */
export interface Vertex {
  path: number
  index: number
}
interface State {
  paths: readonly (readonly Position[])[]
  /** The first shape is finished: clicks no longer add. */
  whole: boolean
}
/** Enough for any afternoon; older steps are forgotten. */
const STEPS_MAX = 200

/** What keeps a drawing from being finished. */
export type DrawProblem = 'too_few_vertices' | 'cuts_itself'

export class Drawing {
  readonly shape: Shape
  private state: State
  private past: State[] = []
  private future: State[] = []
  private dragging = false
  /** The vertex the keys move. */
  held: Vertex | null = null
  private listeners = new Set<() => void>()

  constructor(shape: Shape, from?: Place | null) {
    this.shape = shape
    this.state = from ? { paths: openPaths(from), whole: true } : { paths: [[]], whole: false }
  }
  /** Called after each change, until the answer is called. */
  onChange(run: () => void): () => void {
    this.listeners.add(run)
    return () => this.listeners.delete(run)
  }
  get paths() {
    return this.state.paths
  }
  /** The path clicks add to. */
  get vertices(): readonly Position[] {
    return this.state.paths[0] ?? []
  }
  get whole() {
    return this.state.whole
  }
  get empty() {
    return this.vertices.length === 0
  }
  get canUndo() {
    return this.past.length > 0
  }
  get canRedo() {
    return this.future.length > 0
  }
  get least() {
    return this.shape === 'point' ? 1 : this.shape === 'line' ? 2 : 3
  }
  get problem(): DrawProblem | null {
    if (this.vertices.length < this.least) return 'too_few_vertices'
    return this.shape === 'polygon' && this.paths.some((ring) => cutsItself(ring)) ? 'cuts_itself' : null
  }

  private set(next: State, held: Vertex | null = this.held) {
    if (!this.dragging) {
      this.past = [...this.past, this.state].slice(-STEPS_MAX)
      this.future = []
    }
    this.state = next
    this.held = held
    this.tell()
  }
  private tell() {
    this.listeners.forEach((run) => run())
  }
  private withPath(path: number, change: (vertices: readonly Position[]) => readonly Position[]): State {
    return { ...this.state, paths: this.state.paths.map((one, index) => (index === path ? change(one) : one)) }
  }

  /** A click: a point moves there, a line or ring grows. Nothing once it is whole. */
  add(at: Position) {
    if (this.shape === 'point') return this.set({ paths: [[at]], whole: true }, { path: 0, index: 0 })
    if (this.whole) return
    const last = this.vertices.at(-1)
    if (last && x(last) === x(at) && y(last) === y(at)) return
    this.set(this.withPath(0, (own) => [...own, at]), { path: 0, index: this.vertices.length })
  }
  /** A new vertex after `index`, which is then held. */
  insert({ path, index }: Vertex, at: Position) {
    this.set(this.withPath(path, (own) => [...own.slice(0, index + 1), at, ...own.slice(index + 1)]), { path, index: index + 1 })
  }
  move({ path, index }: Vertex, to: Position) {
    this.set(this.withPath(path, (own) => own.map((at, n) => (n === index ? to : at))), { path, index })
  }
  /** Takes a vertex out, as long as enough are left; while drawing, down to none. */
  remove({ path, index }: Vertex) {
    const own = this.state.paths[path] ?? []
    if (this.shape === 'point' ? own.length === 0 : this.whole && own.length <= this.least) return
    const left = own.length - 1
    const next = this.withPath(path, (all) => all.filter((_, n) => n !== index))
    this.set(this.shape === 'point' ? { ...next, whole: false } : next, left > 0 ? { path, index: Math.min(index, left - 1) } : null)
  }
  removeHeld() {
    if (this.held) this.remove(this.held)
    else if (!this.whole && !this.empty) this.remove({ path: 0, index: this.vertices.length - 1 })
  }
  hold(vertex: Vertex | null) {
    this.held = vertex
    this.tell()
  }
  /** The next or the previous vertex, round and round. */
  holdNext(by: 1 | -1) {
    const all = this.state.paths.flatMap((own, path) => own.map((_, index) => ({ path, index })))
    if (all.length === 0) return
    const now = all.findIndex((one) => one.path === this.held?.path && one.index === this.held.index)
    this.hold(all[(now + by + all.length) % all.length] ?? null)
  }
  positionOf({ path, index }: Vertex): Position | null {
    return this.state.paths[path]?.[index] ?? null
  }
  /** A drag, or arrows held down, count as one change. */
  begin() {
    if (this.dragging) return
    this.past = [...this.past, this.state].slice(-STEPS_MAX)
    this.future = []
    this.dragging = true
  }
  end() {
    this.dragging = false
  }
  undo() {
    const last = this.past.at(-1)
    if (!last) return
    this.past = this.past.slice(0, -1)
    this.future = [...this.future, this.state]
    this.restore(last)
  }
  redo() {
    const next = this.future.at(-1)
    if (!next) return
    this.future = this.future.slice(0, -1)
    this.past = [...this.past, this.state]
    this.restore(next)
  }
  private restore(state: State) {
    this.state = state
    if (this.held && !this.positionOf(this.held)) this.held = null
    this.tell()
  }
  /** Ends adding. False while something is wrong with it. */
  finish(): boolean {
    if (this.problem) return false
    if (!this.whole) this.set({ ...this.state, whole: true }, null)
    return true
  }
  clear() {
    if (!this.empty) this.set({ paths: [[]], whole: false }, null)
  }

  /** What is drawn, once there is enough of it. */
  place(): Place | null {
    if (this.vertices.length < this.least) return null
    const copy = this.state.paths.map((own) => own.map((at) => [...at]))
    if (this.shape === 'point') return { type: 'Point', coordinates: copy[0]?.[0] ?? [] }
    if (this.shape === 'line') return { type: 'LineString', coordinates: copy[0] ?? [] }
    return { type: 'Polygon', coordinates: copy.map((ring) => [...ring, [...(ring[0] ?? [])]]) }
  }
  /** Between each two neighbours of what is whole: where a new vertex can be pulled out. */
  midpoints(): { after: Vertex; at: Position }[] {
    if (this.shape === 'point' || !this.whole) return []
    return this.state.paths.flatMap((own, path) =>
      own.flatMap((a, index) => {
        const b = own[index + 1] ?? (this.shape === 'polygon' ? own[0] : undefined)
        return b ? [{ after: { path, index }, at: [(x(a) + x(b)) / 2, (y(a) + y(b)) / 2] }] : []
      }),
    )
  }
}

function openPaths(place: Place): Position[][] {
  const open = (ring: Position[]) => {
    const [first, last] = [ring[0], ring.at(-1)]
    const closed = ring.length > 1 && first && last && x(first) === x(last) && y(first) === y(last)
    return (closed ? ring.slice(0, -1) : ring).map((at) => [...at])
  }
  switch (place.type) {
    case 'Point':
      return [[[...place.coordinates]]]
    case 'LineString':
      return [place.coordinates.map((at) => [...at])]
    case 'Polygon':
      return place.coordinates.map(open)
    case 'MultiPolygon':
      return (place.coordinates[0] ?? []).map(open)
  }
}
