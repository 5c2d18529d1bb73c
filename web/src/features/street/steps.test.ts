import { describe, expect, it } from 'vitest'
import { type StepDraft, STREET_STEPS, bodyOf, endOfDay, needsPhoto, needsPosition, needsWords } from './steps'

const draft: StepDraft = { id: 'c1', outcome: 'passed', text: ' done ', photos: [], position: { lng: 1, lat: 2, accuracyM: 5 }, extra: 2, extraUnit: 'work_day', until: '2026-11-30', urging: 0, approval: 'return' }

describe('a step from the street', () => {
  it('sends its own fields and no others', () => {
    const bodies = Object.fromEntries(STREET_STEPS.map((step) => [step, bodyOf(step, draft)]))
    expect(bodies).toEqual({
      answer_confirmation: { command_id: 'c1', step: 'answer_confirmation', outcome: 'passed', opinion: 'done', position: { lng: 1, lat: 2 } },
      answer_verification: { command_id: 'c1', step: 'answer_verification', outcome: 'passed', opinion: 'done', position: { lng: 1, lat: 2 } },
      reply: { command_id: 'c1', step: 'reply', text: 'done' },
      sign_for: { command_id: 'c1', step: 'sign_for' },
      request_extension: { command_id: 'c1', step: 'request_extension', reason: 'done', extra: { value: 2, unit: 'work_day' } },
      request_suspension: { command_id: 'c1', step: 'request_suspension', reason: 'done', until: endOfDay('2026-11-30') },
      request_return: { command_id: 'c1', step: 'request_return', reason: 'done' },
      send_back: { command_id: 'c1', step: 'send_back', reason: 'done' },
      take_back: { command_id: 'c1', step: 'take_back', approval: 'return' },
      answer_urging: { command_id: 'c1', step: 'answer_urging', urging: 0, text: 'done' },
      comment: { command_id: 'c1', step: 'comment', text: 'done' },
    })
    expect(bodyOf('request_extension', { ...draft, extra: null })).toMatchObject({ extra: null })
  })

  it('needs position and photo on the spot, and words for every finding but a good one', () => {
    const table = (['true', 'false', 'impossible'] as const).map((outcome) => [needsPosition('answer_confirmation', outcome), needsPhoto('answer_confirmation', outcome), needsWords('answer_confirmation', outcome)])
    expect(table).toEqual([[true, true, false], [true, true, true], [false, false, true]])
    expect([needsPhoto('reply', null), needsPosition('reply', null), needsWords('reply', null)]).toEqual([true, false, true])
  })
})
