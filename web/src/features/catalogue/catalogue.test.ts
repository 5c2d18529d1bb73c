import { describe, expect, it } from 'vitest'
import { criterionKey, nextExtension, partsOf } from './catalogue'

describe('keys of classes', () => {
  it('are read into edition, kind, code and major', () => {
    expect(partsOf('2026-event-06010')).toEqual({ edition: '2026', kind: 'event', code: '06010', major: '06' })
    expect(criterionKey('2013-component-0101', 3)).toBe('2013-component-0101#3')
  })
  it('of a city are numbered backwards and never below 80', () => {
    expect(nextExtension(new Set(['2026-event-06999', '2026-event-06998']), '2026', 'event', '06')).toBe('2026-event-06997')
    expect(nextExtension(new Set(), '2013', 'component', '01')).toBe('2013-component-0199')
    const full = new Set(Array.from({ length: 20 }, (_, n) => `2013-component-01${80 + n}`))
    expect(nextExtension(full, '2013', 'component', '01')).toBeNull()
  })
})
