import { describe, expect, it } from 'vitest'
import { differences, inWords } from './diff'

describe('differences', () => {
  it('names each leaf that changed, with its path', () => {
    const before = { name: { zh: '排水', en: 'Drains' }, areas: ['990101'], posts: [{ role: 'handler' }], version: 1 }
    const after = { name: { zh: '排水公司', en: 'Drains' }, areas: ['990101', '990102'], posts: [{ role: 'leader' }, { role: 'handler' }], version: 2 }
    expect(differences(before, after)).toEqual([
      { path: 'name.zh', before: '排水', after: '排水公司' },
      { path: 'areas', before: ['990101'], after: ['990101', '990102'] },
      { path: 'posts[0].role', before: 'handler', after: 'leader' },
      { path: 'posts[1].role', before: undefined, after: 'handler' },
    ])
  })
  it('says nothing where nothing changed, and reads a first version as all new', () => {
    expect(differences({ a: 1 }, { a: 1 })).toEqual([])
    expect(differences(undefined, { a: 1, b: { c: '' } })).toEqual([{ path: 'a', before: undefined, after: 1 }, { path: 'b.c', before: undefined, after: '' }])
  })
  it('writes values short', () => {
    expect(inWords(['a', 'b'])).toBe('a, b')
    expect(inWords(null)).toBe('')
    expect(inWords(false)).toBe('false')
  })
})
