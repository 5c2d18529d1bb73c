import { describe, expect, it } from 'vitest'
import type { Shift } from '@/records/types'
import { beginsOn, minutesOf, runsAt, weekOf } from './week'

const night: Shift = { person: 1, from_minute: 1320, to_minute: 360, on: 'weekly', days: ['saturday'] }

describe('shifts in a week', () => {
  it('starts the week on Monday', () => {
    expect(weekOf('2026-11-22')).toEqual(['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'])
  })
  it('lets a night shift belong to the day it begins on and run into the next', () => {
    expect(minutesOf(night)).toBe(480)
    expect(beginsOn(night, '2026-11-21')).toBe(true)
    expect(beginsOn(night, '2026-11-22')).toBe(false)
    expect(runsAt(night, '2026-11-22', 300)).toBe(true)
    expect(runsAt(night, '2026-11-22', 360)).toBe(false)
    expect(runsAt(night, '2026-11-21', 1319)).toBe(false)
  })
  it('keeps to its validity and its dates', () => {
    expect(beginsOn({ ...night, valid_to: '2026-11-20' }, '2026-11-21')).toBe(false)
    expect(beginsOn({ person: 1, from_minute: 0, to_minute: 0, on: 'dates', dates: ['2026-11-23'] }, '2026-11-23')).toBe(true)
    expect(minutesOf({ person: 1, from_minute: 0, to_minute: 0, on: 'dates' })).toBe(1440)
  })
})
