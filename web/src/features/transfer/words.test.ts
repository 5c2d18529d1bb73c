import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import type { Register } from '@/registry/registers'
import { collectionOf, targetOf } from '@/registry/transfer'
import { sayChoice, sayField } from './words'

const shop = {
  id: 'shop', kinds: [{ id: 'food', name: { zh: '餐饮', en: 'Food and drink' } }], states: [{ id: 'open', name: { zh: '营业', en: 'Open' }, colour: 'green', closed: false }],
  fields: [{ id: 'size', name: { zh: '规模', en: 'Size' }, type: 'choice', choices: [{ id: 'open', name: { zh: '敞开', en: 'Wide' } }] }],
} as unknown as Register
const fields = [{ field: 'code', required: false, choices: [], zh: '', en: '' }, { field: 'fields.size', required: true, choices: ['open'], zh: '规模', en: 'Size' }]
const register = targetOf('shop')

describe('what a file holds', () => {
  beforeAll(() => setLocale('en'))

  it('is told by what the rows become', () => {
    expect(sayField(register, fields, 'code')).toBe('Entry code')
    expect(sayField(targetOf('components'), fields, 'code')).toBe('Component code')
    expect(sayField(register, fields, 'fields.size')).toBe('Size')
  })
  it('is told of faults that are no field of the mapping', () => {
    expect(sayField(register, fields, 'documents[1].expires_on')).toBe('Document 2: valid until')
    expect(sayField(targetOf('addresses'), [], 'aliases[3]')).toBe('Other names')
    expect(sayField(register, fields, '')).toBe('The whole row')
  })
  it('has the words of the pack, each of its own field', () => {
    expect(sayChoice(register, shop, 'kind', 'food')).toBe('Food and drink')
    expect(sayChoice(register, shop, 'state', 'open')).toBe('Open')
    expect(sayChoice(register, shop, 'fields.size', 'open')).toBe('Wide')
    expect(sayChoice(targetOf('addresses'), undefined, 'kind', 'poi')).toBe('Place of interest')
  })
  it('is taken from and brought into the same collection', () => {
    for (const collection of ['components', 'addresses', 'shop']) expect(collectionOf(targetOf(collection))).toBe(collection)
  })
})
