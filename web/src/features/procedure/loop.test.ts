import { describe, expect, it } from 'vitest'
import stages from '@/i18n/zh/stages'
import steps from '@/i18n/zh/steps'
import { STAGE_LIMITS } from '@/records/types'
import { draw, edges, nodes } from './loop'

describe('the drawing of the loop', () => {
  it('names only stages and steps there are', () => {
    expect(nodes.map((node) => node.stage).filter((stage) => !(stage in stages))).toEqual([])
    expect(edges.map((edge) => edge.step).filter((step) => !(step in steps))).toEqual([])
  })
  it('shows every limit of a procedure on exactly one edge', () => {
    const shown = edges.flatMap((edge) => (edge.limit ? [edge.limit] : []))
    expect([...shown].sort()).toEqual([...STAGE_LIMITS].sort())
  })
  it('draws every edge between two stages that stand apart', () => {
    for (const edge of edges) {
      expect(draw(edge).path).toMatch(/^M [\d.-]+ [\d.-]+ [LHV]/)
      expect(draw(edge).path).not.toContain('NaN')
    }
    expect(new Set(nodes.map((node) => `${node.x}/${node.y}`)).size).toBe(nodes.length)
  })
})
