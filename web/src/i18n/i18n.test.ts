import { describe, expect, it } from 'vitest'
import en from './en'
import zh from './zh'

function flat(value: unknown, at = ''): [string, string][] {
  if (typeof value === 'string') return [[at, value]]
  return Object.entries(value as object).flatMap(([key, inner]) => flat(inner, at ? `${at}.${key}` : key))
}

const chinese = new Map(flat(zh))
const english = new Map(flat(en))

describe('messages', () => {
  it('are there in both languages', () => {
    expect([...chinese.keys()].filter((key) => !english.has(key)), 'missing in English').toEqual([])
    expect([...english.keys()].filter((key) => !chinese.has(key)), 'missing in Chinese').toEqual([])
  })

  it('name the same parameters in both languages', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort()
    const differing = [...chinese].filter(([key, text]) => {
      const other = english.get(key)
      return other !== undefined && String(names(text)) !== String(names(other))
    })
    expect(differing.map(([key]) => key)).toEqual([])
  })

  it('are never empty, and English has no Chinese left in it', () => {
    expect([...chinese, ...english].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([])
    expect([...english].filter(([, text]) => /[\u4e00-\u9fff]/.test(text)).map(([key]) => key)).toEqual([])
  })

  it('use no bare @, which the message compiler would take for a link', () => {
    expect([...chinese, ...english].filter(([, text]) => /@(?!')/.test(text)).map(([key]) => key)).toEqual([])
  })
})
