import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { blank, isBlank, useDraft } from './draft'

beforeEach(() => localStorage.clear())

describe('the draft of a call', () => {
  it('is there again after a reload, for the same person only', async () => {
    const { draft } = useDraft('7')
    draft.text = '井盖破损'
    draft.place.address = '东风街'
    await nextTick()
    expect(useDraft('7').draft).toMatchObject({ text: '井盖破损', place: { address: '东风街', lng: null } })
    expect(isBlank(useDraft('8').draft)).toBe(true)
  })

  it('is empty for the next call, but the line stays', async () => {
    const { draft, clear } = useDraft('7')
    Object.assign(draft, { phone: '123', source: 'hotline', urgent: true })
    clear()
    await nextTick()
    expect(draft).toEqual(blank('hotline'))
  })

  it('that cannot be read is forgotten', () => {
    localStorage.setItem('yiwang.intake.7', '{')
    expect(useDraft('7').draft).toEqual(blank())
  })
})
