import { describe, expect, it } from 'vitest'
import { type Palette, palettes } from './tokens'

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const grounds: (keyof Palette)[] = ['canvas', 'surface', 'sunken', 'raised', 'accentSoft']
const words: [keyof Palette, (keyof Palette)[]][] = [
  ['text', grounds],
  ['textSoft', grounds],
  ['textFaint', grounds],
  ['accent', ['canvas', 'surface', 'raised', 'accentSoft', 'sunken']],
  ['green', ['canvas', 'surface', 'sunken', 'accentSoft', 'greenSoft']],
  ['yellow', ['canvas', 'surface', 'sunken', 'accentSoft', 'yellowSoft']],
  ['red', ['canvas', 'surface', 'sunken', 'accentSoft', 'redSoft']],
  ['grey', ['canvas', 'surface', 'sunken', 'accentSoft', 'greySoft']],
  ['onAccent', ['accent', 'accentHover']],
  ['onRed', ['red']],
]
const shapes: (keyof Palette)[] = ['lineStrong', 'greenFill', 'redFill', 'greyFill']

describe.each(['light', 'dark'] as const)('the %s palette', (theme) => {
  const palette = palettes[theme]
  it.each(words.flatMap(([word, on]) => on.map((ground) => [word, ground] as const)))(
    '%s can be read on %s (4.5:1)',
    (word, ground) => expect(contrast(palette[word], palette[ground])).toBeGreaterThanOrEqual(4.5),
  )
  it.each(shapes)('%s can be seen on a surface (3:1)', (shape) =>
    expect(contrast(palette[shape], palette.surface)).toBeGreaterThanOrEqual(3),
  )
})
