/** Which kind of problem some words mean, from the list of kinds alone, while the person is typing. */
import type { Service } from './wire'

const STOP = new Set(['the', 'and', 'for', 'with', 'has', 'have', 'there', 'this', 'that', 'are', 'was', 'not', 'street', 'road'])

/** Pairs of Chinese characters and whole Latin words without their plural. */
export function marks(text: string): Set<string> {
  const found = new Set<string>()
  for (const [run] of text.matchAll(/\p{Script=Han}+/gu)) {
    for (let at = 0; at + 1 < run.length; at += 1) found.add(run.slice(at, at + 2))
    if (run.length === 1) found.add(run)
  }
  for (const [word] of text.toLowerCase().matchAll(/[a-z]{3,}/g)) {
    if (!STOP.has(word)) found.add(word.replace(/(?<=s|x|z|ch|sh)es$|(?<=..[^s])s$/, '').replace(/(?<=...)ing$/, ''))
  }
  return found
}

const overlap = (asked: Set<string>, text: string) => [...marks(text)].filter((mark) => asked.has(mark)).length

/** The likeliest kinds, best first; nothing for words that say nothing about a kind. */
export function propose(all: readonly Service[], text: string, limit = 4): Service[] {
  const asked = marks(text)
  if (asked.size === 0) return []
  const scored = all.map((service) => {
    const name = overlap(asked, service.name.zh) + overlap(asked, service.name.en)
    const about = overlap(asked, service.description.zh) + overlap(asked, service.description.en)
    const group = overlap(asked, service.group.zh) + overlap(asked, service.group.en)
    return { service, score: name * 6 + about * 2 + group }
  })
  return scored
    .filter((one) => one.score >= 2)
    .sort((a, b) => b.score - a.score || a.service.name.zh.length - b.service.name.zh.length)
    .slice(0, limit)
    .map((one) => one.service)
}
