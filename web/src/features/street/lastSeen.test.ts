import { describe, expect, it } from 'vitest'
import { ProblemError } from '@/api'
import { memoryShelf } from '@/offline/shelf'
import { forgetSeen, lastSeen } from './lastSeen'

const lost = () => Promise.reject(ProblemError.unreached(new TypeError('no line')))

describe('what was seen last', () => {
  it('is shown again without a line, marked as old', async () => {
    const shelf = memoryShelf()
    const open = async () => shelf
    expect(await lastSeen('queue', async () => ({ items: [1] }), open)).toEqual({ items: [1] })
    expect(await lastSeen('queue', lost, open)).toEqual({ items: [1], kept: true })
    await expect(lastSeen('another', lost, open)).rejects.toThrow()
  })

  it('keeps no more than the last eighty', async () => {
    const shelf = memoryShelf()
    const open = async () => shelf
    for (let n = 0; n < 81; n += 1) await lastSeen(`case ${n}`, async () => ({ n }), open)
    await expect(lastSeen('case 0', lost, open)).rejects.toThrow()
    expect(await lastSeen('case 1', lost, open)).toMatchObject({ n: 1 })
  })

  it('is gone with the person', async () => {
    const shelf = memoryShelf()
    const open = async () => shelf
    await lastSeen('queue', async () => ({ items: [1] }), open)
    await forgetSeen(open)
    await expect(lastSeen('queue', lost, open)).rejects.toThrow()
  })
})
