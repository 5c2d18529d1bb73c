/** A case in the words and pictures of the street. */
import { hasCode, t, tCode } from '@/i18n'
import { say } from '@/offline/wire'
import type { LngLat } from '@/map/geo'
import type { TimelineEntry } from '@/ui/Timeline.vue'
import { type Photo, metresApart } from '@/ui/photo'
import type { ClockState } from '@/ui/time'
import { type CaseLine, type CaseView, type EvidenceView, type FactView, photoOf } from './wire'

export const titleOf = (line: CaseLine): string => say(line.class?.name) || line.headline
export const placeOf = (line: CaseLine): string => line.address || say(line.street_name) || t('street.no_address')

/** Office hours are the server's to count; only natural time runs on here. */
export function clockOf(line: CaseLine, asOf: number): ClockState {
  if (line.ended_at !== null) return { light: 'done' }
  return { light: line.paused ? 'grey' : line.light, remainingMs: line.left_ms, kind: line.left_unit === 'work' ? 'working' : 'natural', dayMs: line.day_ms, asOf, running: !line.paused && line.left_unit === 'natural' }
}

export function flagsOf(line: CaseLine): { label: string; tone: string }[] {
  const flags: { label: string; tone: string }[] = []
  if (line.urgent) flags.push({ label: t('street.flag_urgent'), tone: 'red' })
  if (line.urged_times > 0) flags.push({ label: t('street.flag_urged', { n: line.urged_times }), tone: 'yellow' })
  if (line.reworks > 0) flags.push({ label: t('street.flag_rework', { n: line.reworks }), tone: 'yellow' })
  for (const kind of line.approvals) flags.push({ label: t('street.flag_asked', { what: tCode('street', `ask_${kind}`) }), tone: 'info' })
  return flags
}

export function metresTo(line: { lng: number | null; lat: number | null }, from: LngLat | null): number | null {
  return from && line.lng !== null && line.lat !== null ? metresApart(from, { lng: line.lng, lat: line.lat }) : null
}
/** `80 米`, `1.2 公里`. */
export const distance = (metres: number): string => (metres < 10 ? t('street.under_ten_metres') : metres < 995 ? t('street.metres', { n: Math.round(metres / 10) * 10 }) : t('street.kilometres', { n: (metres / 1_000).toFixed(1) }))

const wordOf = (kind: string) => (hasCode('photos', kind) ? tCode('photos', kind) : tCode('offline', `kind_${kind}`))
export function photoView(caseId: string, one: { attachment: string; kind: string; shot_at?: number | null; content_type?: string }): Photo {
  return { id: one.attachment, src: photoOf(one.attachment, caseId, 'full'), thumb: photoOf(one.attachment, caseId, 'thumb'), kind: one.kind, takenAt: one.shot_at ?? null, alt: wordOf(one.kind), video: one.kind === 'video' || one.content_type?.startsWith('video/') === true }
}
const AFTER = new Set(['after'])
const BEFORE = new Set(['before', 'near', 'far', 'reference', 'on_spot'])
const still = (one: EvidenceView) => one.kind !== 'video' && one.kind !== 'document' && !one.content_type.startsWith('video/')
/** How it was: the report's clearest photo. */
export function beforeOf(view: CaseView): Photo | null {
  const found = view.evidence.filter((one) => still(one) && BEFORE.has(one.kind))
  const best = found.find((one) => one.kind === 'before') ?? found.find((one) => one.kind === 'near') ?? found[0]
  return best ? photoView(view.id, best) : null
}
/** How the handler left it: the latest. */
export function afterOf(view: CaseView): Photo | null {
  const best = view.evidence.findLast((one) => still(one) && AFTER.has(one.kind))
  return best ? photoView(view.id, best) : null
}

const GOOD = new Set(['closed', 'self_handled_passed', 'answered_at_once'])
const BAD = new Set(['sent_back', 'declined', 'reply_rejected', 'rework_ordered', 'closing_refused', 'self_handled_refused'])
const SAID = ['opinion', 'reason', 'text', 'note', 'answer', 'requirement', 'order', 'remark']

export function entryOf(caseId: string, fact: FactView): TimelineEntry {
  const outcome = typeof fact.data.outcome === 'string' ? `_${fact.data.outcome}` : ''
  const key = hasCode('street', `fact_${fact.fact}${outcome}`) ? `fact_${fact.fact}${outcome}` : `fact_${fact.fact}`
  const name = say(fact.names.department ?? fact.names.collector ?? fact.names.handler ?? fact.names.to)
  const what = hasCode('street', key) ? tCode('street', key) : fact.fact
  const report = fact.data.report as { text?: string } | undefined
  const said = [report?.text, ...SAID.map((field) => fact.data[field])].find((words) => typeof words === 'string' && words.trim() !== '')
  return {
    id: String(fact.seq),
    at: fact.at,
    what: name ? t('street.fact_with', { what, name }) : what,
    who: fact.by === 'person' ? say(fact.person?.name) : tCode('roles', fact.by),
    as: fact.role ? tCode('roles', fact.role) : null,
    said: typeof said === 'string' ? said : null,
    tookMs: fact.took_ms,
    depth: fact.depth,
    tone: GOOD.has(fact.fact) || outcome === '_passed' || outcome === '_true' ? 'good' : BAD.has(fact.fact) || outcome === '_failed' || outcome === '_false' ? 'bad' : fact.by === 'system' ? 'system' : 'plain',
    photos: fact.evidence.map((one) => photoView(caseId, one)),
  }
}
