import { describe, expect, it } from 'vitest'
import { componentCode } from './scan'

describe('what a scanned code leads to', () => {
  it('is a component by the label’s address or by its digits', () => {
    const table: [string, string | null][] = [
      ['https://city.example/citizen/c/37070201037000123', '37070201037000123'],
      ['https://city.example/citizen/c/3707020137000123?from=label', '3707020137000123'],
      ['370702 01 037 000123', '37070201037000123'],
      ['３７０７０２０１０３７０００１２３', '37070201037000123'],
      ['https://city.example/citizen/f/abc', null],
      ['https://elsewhere.example/', null],
      ['12345', null],
    ]
    for (const [text, code] of table) expect(componentCode(text), text).toBe(code)
  })
})
