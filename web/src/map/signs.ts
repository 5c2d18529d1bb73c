/**
 * Signs of things on the map: a shape and a colour, so that neither is needed alone. They are drawn when a style
 * first asks for one by name, `sign:hexagon:#3b6ea8:#ffffff`.
 */
import type { Map } from 'maplibre-gl'
import type { Palette, Theme } from '@/ui/tokens'

export const SHAPES = ['circle', 'square', 'hexagon', 'drop', 'pentagon', 'shield', 'cross', 'star', 'house', 'flag'] as const
export type SignShape = (typeof SHAPES)[number]
export interface Sign {
  shape: SignShape
  colour: string
}

/** Quiet colours that are none of the lights'; each keeps 3:1 to the land of its theme. */
const COLOURS: Record<Theme, readonly string[]> = {
  light: ['#2f6aa3', '#7554a3', '#1f7a80', '#66731f', '#85603f', '#a24478', '#4d5fb0', '#5d6b74', '#8a4f2c', '#39736b'],
  dark: ['#7fb0e0', '#b79ae0', '#67bfc4', '#b3bf64', '#cfa987', '#de8db8', '#98a6ea', '#a9b6bf', '#d69c78', '#84c3ba'],
}
/** The sign of the n-th kind; after ten they begin again with another pairing. */
export function signOf(n: number, theme: Theme): Sign {
  const turn = Math.floor(n / SHAPES.length)
  const colours = COLOURS[theme]
  return { shape: SHAPES[n % SHAPES.length] ?? 'circle', colour: colours[(n + turn * 3) % colours.length] ?? '#777777' }
}
/** Where a kind stands by the number in its name, such as `component.03`; others by the order of their names. */
export function placeOfGroup(group: string): number {
  const number = /(\d{2})$/.exec(group)
  if (number) return Number(number[1]) - 1
  let sum = 0
  for (const character of group) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 997
  return 5 + (sum % 5)
}
export const signName = ({ shape, colour }: Sign, p: Palette): string => `sign:${shape}:${colour}:${p.surface}`

const corners = (n: number, turn = -Math.PI / 2): [number, number][] => Array.from({ length: n }, (_, i) => [Math.cos(turn + (i * 2 * Math.PI) / n), Math.sin(turn + (i * 2 * Math.PI) / n)])
/** Corners in a circle of radius one; the round ones are drawn apart. */
const OUTLINES: Partial<Record<SignShape, [number, number][]>> = {
  square: [[-0.82, -0.82], [0.82, -0.82], [0.82, 0.82], [-0.82, 0.82]],
  hexagon: corners(6, 0),
  pentagon: corners(5),
  shield: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.15], [0, 1], [-0.85, 0.15]],
  cross: [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]],
  star: corners(10).map(([px, py], index) => (index % 2 ? [px * 0.5, py * 0.5] : [px * 1.1, py * 1.1])),
  house: [[0, -1], [1, -0.1], [0.75, -0.1], [0.75, 0.9], [-0.75, 0.9], [-0.75, -0.1], [-1, -0.1]],
  flag: [[-0.8, -1], [1, -0.55], [-0.4, -0.1], [-0.4, 1], [-0.8, 1]],
}
export function tracePath(c: CanvasRenderingContext2D, shape: SignShape, middle: number, radius: number): void {
  c.beginPath()
  const outline = OUTLINES[shape]
  if (outline) {
    outline.forEach(([px, py], index) => (index === 0 ? c.moveTo(middle + px * radius, middle + py * radius) : c.lineTo(middle + px * radius, middle + py * radius)))
    c.closePath()
  } else if (shape === 'drop') {
    c.moveTo(middle, middle - radius * 1.1)
    c.bezierCurveTo(middle + radius * 0.9, middle - radius * 0.1, middle + radius * 0.9, middle + radius, middle, middle + radius)
    c.bezierCurveTo(middle - radius * 0.9, middle + radius, middle - radius * 0.9, middle - radius * 0.1, middle, middle - radius * 1.1)
    c.closePath()
  } else c.arc(middle, middle, radius * 0.9, 0, 7)
}
/** The same outline for HTML: legends, lists. A circle of radius ten around (12, 12). */
export function svgPath(shape: SignShape): string {
  const outline = OUTLINES[shape]
  if (outline) return `M${outline.map(([px, py]) => `${(12 + px * 10).toFixed(1)} ${(12 + py * 10).toFixed(1)}`).join('L')}Z`
  if (shape === 'drop') return 'M12 1C21 11 21 22 12 22S3 11 12 1Z'
  return 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18Z'
}

/** Draws whatever sign the style asks for and does not have yet, before anything is drawn with it. */
export function drawSignsOnDemand(map: Map): void {
  map.setMissingStyleImageResolver((id) => {
    const [kind, shape, colour, edge] = id.split(':')
    if (kind !== 'sign' || !colour || !edge || map.hasImage(id)) return
    const size = 36
    const canvas = document.createElement('canvas')
    canvas.width = size
    canvas.height = size
    const c = canvas.getContext('2d')
    if (!c) return
    c.lineJoin = 'round'
    tracePath(c, shape as SignShape, size / 2, 11)
    c.lineWidth = 6
    c.strokeStyle = edge
    c.stroke()
    c.fillStyle = colour
    c.fill()
    map.addImage(id, c.getImageData(0, 0, size, size), { pixelRatio: 2 })
  })
}
