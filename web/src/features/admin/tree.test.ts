import { describe, expect, it } from 'vitest'
import type { Department } from '@/records/types'
import { lay, withContext } from './tree'

const department = (id: number, parent?: number): Department => ({ id, parent, code: `D${id}`, name: { zh: `部门${id}`, en: '' }, level: 'city', kind: 'responsible', active: true, version: 1 })
const all = [department(1), department(2, 1), department(3, 2), department(4, 1), department(9, 77)]

describe('the tree of departments', () => {
  it('is laid out depth first, a missing parent being none', () => {
    expect(lay(all, new Set()).map(({ department: one, depth }) => [one.id, depth])).toEqual([[1, 0], [2, 1], [3, 2], [4, 1], [9, 0]])
  })
  it('leaves out what is folded', () => {
    expect(lay(all, new Set([2])).map(({ department: one }) => one.id)).toEqual([1, 2, 4, 9])
  })
  it('keeps the way up to what is found', () => {
    expect(withContext(all, (one) => one.id === 3).map((one) => one.id)).toEqual([1, 2, 3])
  })
})
