import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { formatTime } from '@/ui/time'
import { secretFrom } from './ownReports'
import { propose } from './proposals'
import { progressOf, sentence } from './stateWords'
import type { PublicCase, Service } from './wire'

const service = (code: string, zh: string, en: string, aboutZh = zh, aboutEn = en): Service => ({ code, name: { zh, en }, group: { zh: '设施', en: 'facilities' }, description: { zh: aboutZh, en: aboutEn } })
const services = [service('1', '井盖', 'Manhole cover', '井盖缺失或破损', 'cover missing or broken'), service('2', '路灯', 'Street light', '路灯不亮', 'light is out'), service('3', '坑洼', 'Pothole', '路面坑洼', 'hole in the roadway')]

describe('the kind of a problem', () => {
  it('follows from the words, in both languages', () => {
    const first = (text: string) => propose(services, text)[0]?.code
    expect([first('门口井盖松动'), first('路灯好几天不亮了'), first('two potholes on my street'), first('the manhole covers rattle'), first('hello'), first('')]).toEqual(['1', '2', '3', '1', undefined, undefined])
  })
})

describe('what a person pastes', () => {
  const own = [{ secret: 'own-secret-own-secret-own', number: '99010020261122000123', title: '', at: 0 }]
  it('is a link, a secret, or a number this phone knows', () => {
    expect(secretFrom(' https://city.test/citizen/f/Ab3_secret-0123456789 ', [])).toBe('Ab3_secret-0123456789')
    expect(secretFrom('Ab3_secret-0123456789', [])).toBe('Ab3_secret-0123456789')
    expect(secretFrom('99010020261122000123', own)).toBe('own-secret-own-secret-own')
    expect([secretFrom('99010020261122000123', []), secretFrom('井盖', []), secretFrom('', own)]).toEqual([null, null, null])
  })
})

describe('the state of a report', () => {
  beforeAll(() => setLocale('zh-CN'))
  const now = new Date(2026, 10, 22, 14, 0).getTime()
  const at = (hour: number) => new Date(2026, 10, 22, hour, 20).getTime()
  const view = (more: Partial<PublicCase>): PublicCase => ({
    number: '1', state: 'with_department', text: '', address: '', lng: null, lat: null, class: null, department: { id: 1, name: { zh: '排水公司', en: 'Drains' } }, reported_at: at(9), due_at: at(17), ended_at: null,
    timeline: [{ at: at(9), fact: 'reported', department: null, words: null }, { at: at(10), fact: 'dispatched', department: null, words: null }],
    photos: [], answer: null, stars: null, may: { rate: false, reopen: false, remind: false, add: true }, now_at: now, ...more,
  })
  it('is one plain sentence with who, since when, until when', () => {
    expect(sentence(view({}))).toBe(`排水公司 今天 ${formatTime(at(10))} 已接单，今天 ${formatTime(at(17))} 前完成。`)
    expect(sentence(view({ due_at: at(11) }))).toContain('晚了')
    expect(sentence(view({ state: 'received', department: null }))).toContain(`今天 ${formatTime(at(9))} 已收到`)
    expect(sentence(view({ state: 'done', due_at: null, ended_at: at(13) }))).toBe(`今天 ${formatTime(at(13))} 已办结。`)
  })
  it('stands on one of four steps, or on none when it ended otherwise', () => {
    expect((['received', 'checking', 'with_department', 'waiting', 'joined', 'being_verified', 'done', 'declined', 'ended'] as const).map(progressOf)).toEqual([1, 1, 2, 2, 2, 3, 4, null, null])
  })
})
