import { describe, expect, it } from 'vitest'
import { dayAfter, monthSpan, startOf } from './zone'

describe('days of a city', () => {
  it('begin at its midnight, summer and winter', () => {
    expect(new Date(startOf('2026-11-22', 'Asia/Shanghai')).toISOString()).toBe('2026-11-21T16:00:00.000Z')
    expect(new Date(startOf('2026-01-10', 'America/New_York')).toISOString()).toBe('2026-01-10T05:00:00.000Z')
    expect(new Date(startOf('2026-07-10', 'America/New_York')).toISOString()).toBe('2026-07-10T04:00:00.000Z')
    expect(new Date(startOf('2026-03-08', 'America/New_York')).toISOString()).toBe('2026-03-08T05:00:00.000Z')
  })
  it('follow each other over months and years', () => {
    expect(dayAfter('2026-12-31')).toBe('2027-01-01')
    expect(monthSpan('2026-12')).toEqual(['2026-12-01', '2027-01-01'])
  })
})
