import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { formatDateTime, formatLength, formatRelative, formatRemaining, formatShort, setCityTimeZone } from './time'

const MIN = 60_000
const HOUR = 60 * MIN

beforeAll(() => setCityTimeZone('Asia/Shanghai'))

describe('times', () => {
  const at = Date.UTC(2026, 10, 22, 6, 5)
  it('are shown in the zone of the city', () => expect(formatDateTime(at)).toBe('2026-11-22 14:05'))
  it('shorten to what differs from now', () => {
    expect(formatShort(at, at + HOUR)).toBe('14:05')
    expect(formatShort(at, at + 48 * HOUR)).toBe('11-22 14:05')
    expect(formatShort(at, at + 400 * 24 * HOUR)).toBe('2026-11-22 14:05')
  })
})

describe('lengths in Chinese', () => {
  beforeAll(() => setLocale('zh-CN'))
  it.each([
    [3 * HOUR + 20 * MIN, { kind: 'working' }, '剩余 3 小时 20 分（工作时间）'],
    [-16 * HOUR, { kind: 'working' }, '超期 2 个工作日'],
    [17 * HOUR, { kind: 'working' }, '剩余 2 个工作日 1 小时'],
    [15 * HOUR, { kind: 'working', dayMs: 7 * HOUR }, '剩余 2 个工作日 1 小时'],
    [26 * HOUR, { kind: 'natural' }, '剩余 1 天 2 小时'],
    [-5 * MIN, { kind: 'natural' }, '超期 5 分'],
    [20_000, {}, '剩余 不到 1 分钟'],
    [3 * HOUR + 20 * MIN, { kind: 'working', short: true }, '3时20分'],
    [-16 * HOUR, { kind: 'working', short: true }, '超 2天'],
    [HOUR, { kind: 'working', paused: true }, '暂停，剩余 1 小时（工作时间）'],
  ] as const)('%i %o is %s', (ms, options, words) => expect(formatRemaining(ms, options)).toBe(words))
  it('say how long ago', () => expect(formatRelative(0, 3 * MIN)).toBe('3 分钟前'))
})

describe('lengths in English', () => {
  beforeAll(() => setLocale('en'))
  it.each([
    [3 * HOUR + 20 * MIN, { kind: 'working' }, '3 h 20 min left (working time)'],
    [-16 * HOUR, { kind: 'working' }, 'overdue by 2 working days'],
    [-8 * HOUR, { kind: 'working' }, 'overdue by 1 working day'],
  ] as const)('%i %o is %s', (ms, options, words) => expect(formatRemaining(ms, options)).toBe(words))
  it('are rounded down', () => expect(formatLength(119 * MIN)).toBe('1 h 59 min'))
})
