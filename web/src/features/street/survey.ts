/** Surveys as the street sees them: what this person still has to look at, and what lies on the phone already. */
import { ask } from '@/offline/ask'
import type { OutboxItem } from '@/offline/outbox'
import type { Words } from '@/offline/wire'
import { type Body, componentOf } from './wire'

export interface SurveyRound {
  id: string
  round: { name: string; from: string; until: string; classes: string[] }
  open: boolean
  total: number
  surveyed: number
  own_areas: string[]
}
export interface SurveyThing {
  code: string
  name: string
  class: { key: string; name: Words }
  state: string
  lng: number | null
  lat: number | null
  grid: string
}
export type Outcome = 'confirm' | 'correction' | 'not_found' | 'new'
const of = (round: string) => `/api/surveys/${encodeURIComponent(round)}`
export const capturesOf = (round: string) => `${of(round)}/captures`
export const mySurveys = () => ask<{ items: SurveyRound[] }>('GET', '/api/surveys').then(({ items }) => ({ items: items.filter((one) => one.own_areas.length > 0) }))

/** As many as a person can see in weeks; the phone keeps them all, because there may be no signal later. */
const THINGS_MAX = 3_000
const PAGE = 200
export interface SurveyTasks {
  items: SurveyThing[]
  /** Who answers for things of a class, from one of each: a new thing needs a supervising body. */
  bodies: Record<string, Body>
  /** There are more than the phone keeps. */
  more: boolean
}
export async function myTasks(round: string): Promise<SurveyTasks> {
  const items: SurveyThing[] = []
  let after: string | null = null
  do {
    const page: { items: SurveyThing[]; next: string | null } = await ask('GET', `${of(round)}/tasks`, { query: { limit: PAGE, ...(after === null ? {} : { after }) } })
    items.push(...page.items)
    after = page.next
  } while (after !== null && items.length < THINGS_MAX)
  const first = new Map(items.map((one) => [one.class.key, one.code]))
  const cards = await Promise.all([...first].slice(0, 20).map(([key, code]) => componentOf(code).then((card) => [key, card.supervisor] as const).catch(() => null)))
  return { items, bodies: Object.fromEntries(cards.filter((one) => one !== null)), more: after !== null }
}

/** The kind of an outbox item that is a capture. */
export const CAPTURE = 'survey'
export const aboutOf = (round: string, code: string) => `${CAPTURE}:${round}:${code}`

/** What was captured of a thing on this phone: the last word, and whether it still waits. */
export function standing(code: string, round: string, items: readonly OutboxItem[]): { outcome: Outcome; waiting: boolean } | null {
  const last = items.filter((item) => item.kind === CAPTURE && item.about === aboutOf(round, code)).at(-1)
  return last ? { outcome: last.body.kind as Outcome, waiting: last.state !== 'sent' } : null
}
