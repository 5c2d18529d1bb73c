import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import type { Register } from '@/registry/registers'
import { sayChange } from './words'

const words = (en: string) => ({ zh: en, en })
const shop = {
  id: 'shop', kinds: [{ id: 'food', name: words('Food') }], states: [{ id: 'open', name: words('Open') }, { id: 'closed', name: words('Closed down') }],
  fields: [{ id: 'manager', name: words('In charge'), type: 'person' }, { id: 'fire', name: words('Fumes'), type: 'boolean' }],
  cases: [], inspections: [], duties: [],
} as unknown as Register
const who = { personName: (id: number) => `Person ${id}`, departmentName: (id: number) => `Department ${id}` }
const told = (change: Record<string, unknown>) => sayChange(shop, { version: 2, at: 0, change }, who)

describe('a version of an entry', () => {
  beforeAll(() => setLocale('en'))

  it('tells what a file brought', () => {
    expect(told({ what: 'created', transfer: 'x' })).toEqual({ what: 'Registered', details: ['Brought in with a file'] })
    expect(told({ what: 'changed', fields: {}, state: { from: 'open', to: 'closed' }, place: { from: 'POINT (-71.06 42.35)', to: 'POINT (-71.07 42.36)' }, transfer: 'x' }).details).toEqual([
      'State: Open → Closed down',
      'Place: -71.060000, 42.350000 → -71.070000, 42.360000',
      'Brought in with a file',
    ])
    expect(told({ what: 'removed', reason: '撤销导入' }).details).toEqual(['Import taken back'])
  })
  it('tells into which grid it was moved', () => {
    expect(told({ what: 'regridded', from: '990101001001001', to: '990101001001002' })).toEqual({ what: 'Now in another unit grid', details: ['990101001001001 → 990101001001002'] })
  })
  it('has a name for people, and a word for what the pack dropped', () => {
    expect(told({ what: 'changed', fields: { manager: { from: null, to: 7 }, fire: { from: true, to: false }, gone: { from: 1, to: 2 } } }).details).toEqual(['In charge: empty → Person 7', 'Fumes: Yes → No', 'A field that is no longer asked for changed'])
    expect(told({ what: 'state', from: 'open', to: 'lost' }).what).toBe('From “Open” to “lost (no longer in use)”')
  })
  it('never shows a code it does not know', () => {
    expect(told({ what: 'something_new' })).toEqual({ what: 'Changed', details: [] })
  })
})
