import { describe, expect, it } from 'vitest'
import type { CalendarSpec } from '@/records/types'
import { addDays, daysOfMonth, effect, isWorkingDay, missingYear, seasonFaults, weekdayOf, workMinutes } from './year'

const hours = [{ from: '08:00', to: '12:00' }, { from: '14:00', to: '18:00' }]
const spec: CalendarSpec = {
  version: 1, zone: 'Asia/Shanghai', weekend: ['saturday', 'sunday'],
  seasons: [{ from: '10-01', to: '04-30', slots: hours }, { from: '05-01', to: '09-30', slots: [{ from: '08:00', to: '12:00' }, { from: '14:30', to: '18:30' }] }],
  days: { '2026-10-01': { kind: 'off', name_zh: '国庆节', name_en: '' }, '2026-10-10': { kind: 'work', name_zh: '国庆节调休上班', name_en: '' } },
}

describe('a calendar in days', () => {
  it('knows weekdays and lengths of months', () => {
    expect(weekdayOf('2026-11-22')).toBe('sunday')
    expect(daysOfMonth(2028, 2)).toHaveLength(29)
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  })
  it('lets the holiday table win over the week', () => {
    expect(isWorkingDay(spec, '2026-10-01')).toBe(false)
    expect(isWorkingDay(spec, '2026-10-10')).toBe(true)
    expect(workMinutes(spec, '2026-10-10')).toBe(480)
    expect(workMinutes(spec, '2026-11-22')).toBe(0)
  })
  it('tells what a change does to days and months', () => {
    const after = { ...spec, days: { ...spec.days, '2026-11-23': { kind: 'off' as const, name_zh: '停水', name_en: '' } } }
    expect(effect(spec, after, [2026])).toEqual({ changed: ['2026-11-23'], months: [{ month: '2026-11', days: [21, 20], hours: [168, 160] }] })
  })
  it('misses next year from November on', () => {
    expect(missingYear(spec, '2026-10-31')).toBeNull()
    expect(missingYear(spec, '2026-11-01')).toBe(2027)
    expect(missingYear(spec, '2025-03-01')).toBe(2025)
  })
  it('finds gaps and overlaps of seasons', () => {
    expect(seasonFaults(spec, 2026)).toEqual({ gap: null, overlap: null })
    expect(seasonFaults({ ...spec, seasons: spec.seasons.slice(0, 1) }, 2026).gap).toBe('2026-05-01')
    expect(seasonFaults({ ...spec, seasons: [...spec.seasons, spec.seasons[0]!] }, 2026).overlap).toBe('2026-01-01')
  })
})
