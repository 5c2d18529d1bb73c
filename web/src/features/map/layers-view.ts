/** What the server says can be shown, counted in the view; and which of it is shown, as the URL has it. */
import { ask } from '@/features/case/api'
import { tCode } from '@/i18n'
import type { Words } from '@/records/types'
import { say } from '@/records/words'
import { sayState } from '@/registry/words'

export interface LayerClass {
  class: string
  name: Words
  major: string
  major_name: Words
  count: number
}
export interface LayerView {
  id: string
  kind: 'things' | 'cases' | 'grids' | 'people'
  name: Words
  count: number
  classes: LayerClass[]
  states: { state: string; name: Words; count: number }[]
}
export const layersIn = (query: { bbox?: string; within?: string }, signal?: AbortSignal) => ask<{ layers: LayerView[] }>('/api/layers', query, signal).then(({ layers }) => layers)

/** A state of a layer as its own lists call it: stages of cases and states of components are words of ours, those of a register come with it. */
export function sayLayerState(layer: Pick<LayerView, 'id' | 'kind' | 'states'>, state: string): string {
  if (layer.kind === 'cases') return tCode('stages', state)
  if (layer.id === 'components') return sayState(state)
  return say(layer.states.find((one) => one.state === state)?.name)
}

export interface Major {
  major: string
  name: Words
  count: number
  classes: LayerClass[]
}
/** Classes under their major class, in order of code. */
export function majorsOf(classes: readonly LayerClass[]): Major[] {
  const found = new Map<string, Major>()
  for (const one of classes) {
    const major = found.get(one.major) ?? { major: one.major, name: one.major_name, count: 0, classes: [] }
    major.count += one.count
    major.classes.push(one)
    found.set(one.major, major)
  }
  return [...found.values()].sort((a, b) => a.major.localeCompare(b.major))
}

/** Classes that are switched off for a layer: few, as a rule, and what is new is shown. */
export type Hidden = Record<string, string[]>
/** `components:2026-component-01001,2026-component-01002;shop:…` */
export function readHidden(words: string | null | undefined): Hidden {
  const hidden: Hidden = {}
  for (const part of (words ?? '').split(';')) {
    const [layer, classes] = part.split(':')
    if (layer && classes) hidden[layer] = classes.split(',').filter(Boolean)
  }
  return hidden
}
export function writeHidden(hidden: Hidden): string | undefined {
  const parts = Object.entries(hidden).flatMap(([layer, classes]) => (classes.length > 0 ? [`${layer}:${classes.join(',')}`] : []))
  return parts.length > 0 ? parts.join(';') : undefined
}
/** The classes asked for: none named means all of them. A layer all of whose classes are off asks for nothing. */
export function wanted(layer: LayerView, hidden: Hidden): string[] | null {
  const off = new Set(hidden[layer.id] ?? [])
  if (off.size === 0) return null
  return layer.classes.map((one) => one.class).filter((one) => !off.has(one))
}
