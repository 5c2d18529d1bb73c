import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { meant } from './find'
import { sayLayerState } from './layers-view'
import { dayKey, endOf, lastDay, momentsOf, next, read, sums, upTo, windowAt, write } from './time-window'

describe('the time slider', () => {
  it('knows the window of a day, a week that begins on Monday, a month', () => {
    expect(windowAt('day', '2026-11-29')).toEqual({ unit: 'day', from: '2026-11-29' })
    expect(windowAt('week', '2026-11-29')).toEqual({ unit: 'week', from: '2026-11-23' })
    expect(windowAt('week', '2026-11-30')).toEqual({ unit: 'week', from: '2026-11-30' })
    expect(windowAt('month', '2026-11-29')).toEqual({ unit: 'month', from: '2026-11-01' })
  })
  it('steps over the ends of months and years', () => {
    expect(next(windowAt('month', '2026-12-05'), 1).from).toBe('2027-01-01')
    expect(next(windowAt('month', '2026-01-05'), -1).from).toBe('2025-12-01')
    expect(next(windowAt('day', '2026-02-28'), 1).from).toBe('2026-03-01')
    expect(lastDay(windowAt('month', '2028-02-10'))).toBe('2028-02-29')
    expect(endOf(windowAt('week', '2026-12-30'))).toBe('2027-01-04')
  })
  it('is asked for in moments of the city', () => {
    const [from, to] = momentsOf({ unit: 'day', from: '2026-11-29' }, 'Asia/Shanghai')
    expect(new Date(from).toISOString()).toBe('2026-11-28T16:00:00.000Z')
    expect(to - from).toBe(86_400_000)
    // The clock goes back in Boston on 1 November: that day has 25 hours.
    const [a, b] = momentsOf({ unit: 'day', from: '2026-11-01' }, 'America/New_York')
    expect(b - a).toBe(25 * 3_600_000)
  })
  it('stands in the URL', () => {
    expect(write(windowAt('week', '2026-11-29'))).toBe('week:2026-11-23')
    expect(read('week:2026-11-29')).toEqual({ unit: 'week', from: '2026-11-23' })
    for (const bad of ['', 'year:2026-01-01', 'day:2026-13-01', 'day:', null]) expect(read(bad)).toBeNull()
  })
  it('sums days into windows', () => {
    const weeks = upTo('week', '2026-11-30', 2)
    expect(weeks.map((one) => one.from)).toEqual(['2026-11-23', '2026-11-30'])
    expect(sums(weeks, new Map([['2026-11-23', 2], ['2026-11-29', 3], ['2026-11-30', 5]]))).toEqual([5, 5])
    expect(dayKey('20261123')).toBe('2026-11-23')
  })
})

describe('what somebody typed', () => {
  it('is told by its form', () => {
    const table: [string, string][] = [
      ['37070200601001001', 'component'],
      ['3707020060100101', 'component'],
      ['３７０７０２００６０１００１００１', 'component'],
      ['https://city.example/citizen/c/37070200601001001', 'component'],
      ['370702006001001', 'grid'],
      ['99010020261122000017', 'case'],
      ['119.1619, 36.7068', 'position'],
      ['36.7068 119.1619', 'position'],
      ['人民广场东北200米', 'words'],
    ]
    for (const [text, kind] of table) expect(meant(text)[0]?.kind, text).toBe(kind)
    expect(meant('36.7068，119.1619')[0]).toEqual({ kind: 'position', at: { lng: 119.1619, lat: 36.7068 } })
    expect(meant('42.3582,-71.0603')[0]).toEqual({ kind: 'position', at: { lng: -71.0603, lat: 42.3582 } })
    expect(meant('  ')).toEqual([])
    expect(meant('370702006001001').at(-1)).toEqual({ kind: 'words', words: '370702006001001' })
  })
})

describe('a state of a layer', () => {
  beforeAll(() => setLocale('en'))

  it('is called as its own list calls it', () => {
    const of = (id: string, kind: 'cases' | 'things', state: string) => sayLayerState({ id, kind, states: [{ state: 'open', name: { zh: '营业', en: 'Open' }, count: 1 }] }, state)
    expect(of('cases', 'cases', 'ready_to_verify')).toBe('Ready to verify')
    expect(of('components', 'things', 'damaged')).toBe('Damaged')
    expect(of('shop', 'things', 'open')).toBe('Open')
  })
})
