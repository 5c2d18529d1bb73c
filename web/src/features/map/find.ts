/** What somebody typed into the map's search box: a code, a number, a position, or words. */
import { type LngLat, isLngLat } from '@/map/geo'

export type Meant = { kind: 'position'; at: LngLat } | { kind: 'component'; code: string } | { kind: 'case'; number: string } | { kind: 'grid'; code: string } | { kind: 'words'; words: string }

/** Full-width digits and marks of a Chinese input method, spaces inside a code. */
const plain = (text: string) => text.normalize('NFKC').trim()

/** Everything it may be, the likeliest first; words always last, because a place can be called anything. */
export function meant(text: string): Meant[] {
  const typed = plain(text)
  if (!typed) return []
  const found: Meant[] = []
  const pair = /^(-?\d{1,3}\.\d+)\s*[,，;\s]\s*(-?\d{1,3}\.\d+)$/.exec(typed)
  if (pair) {
    const [a, b] = [Number(pair[1]), Number(pair[2])]
    // Written latitude first as often as not: whichever can only be a longitude is one.
    const at = Math.abs(a) > 90 || Math.abs(a) > Math.abs(b) ? { lng: a, lat: b } : { lng: b, lat: a }
    if (isLngLat(at)) found.push({ kind: 'position', at })
  }
  const code = typed.replace(/[\s-]/g, '')
  // 17 digits (16 in edition 2013) are a component; 14 and 15 a grid; a case number has 20.
  if (/^\d{16,17}$/.test(code)) found.push({ kind: 'component', code })
  if (/^\d{14,15}$/.test(code)) found.push({ kind: 'grid', code })
  if (/^\d{18,24}$/.test(code)) found.push({ kind: 'case', number: code })
  const link = /\/citizen\/c\/(\d{16,17})\b/.exec(typed)
  if (link?.[1]) found.unshift({ kind: 'component', code: link[1] })
  return [...found, { kind: 'words', words: typed }]
}
