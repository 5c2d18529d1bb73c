import { describe, expect, it } from 'vitest'
import type { OutboxItem } from '@/offline/outbox'
import { aboutOf, standing } from './survey'

const CODE = '37070201037000123'
const item = (state: OutboxItem['state'], kind: string): OutboxItem =>
  ({ id: state + kind, owner: 'o', kind: 'survey', title: '', about: aboutOf('r', CODE), path: '', body: { kind }, photosAs: 'photos', uploadTo: '', photos: [], state, sendingPhoto: 0, because: null, tries: 0, madeAt: 0, tryAt: 0, sentAt: null, answer: null, form: null })

describe('what stands for a thing in a survey', () => {
  it('is the last capture on the phone, sent or not', () => {
    expect(standing(CODE, 'r', [])).toBeNull()
    expect(standing(CODE, 'r', [item('waiting', 'not_found')])).toEqual({ outcome: 'not_found', waiting: true })
    expect(standing(CODE, 'r', [item('refused', 'not_found'), item('sent', 'confirm')])).toEqual({ outcome: 'confirm', waiting: false })
  })
  it('of another round or another thing counts for nothing', () => {
    expect(standing(CODE, 'other', [item('sent', 'confirm')])).toBeNull()
    expect(standing('37070201037000124', 'r', [item('sent', 'confirm')])).toBeNull()
  })
})
