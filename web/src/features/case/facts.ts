/** What happened, as a story in the language of the interface. */
import { hasCode, t, tCode } from '@/i18n'
import type { TimelineEntry } from '@/ui/Timeline.vue'
import type { Photo } from '@/ui/photo'
import { formatDateTime } from '@/ui/time'
import { photoUrl } from './api'
import type { EvidenceView, FactView, LimitView, Words } from './types'
import { say, sayCode, sayLimit } from './words'

type Data = Record<string, unknown>
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A limit as the facts record it: hundredths of a unit. */
function limit(value: unknown): LimitView | null {
  const { hundredths, value: whole, unit } = (value ?? {}) as { hundredths?: number; value?: number; unit?: string }
  if (!unit || (hundredths === undefined && whole === undefined)) return null
  return { value: hundredths === undefined ? (whole ?? 0) : hundredths / 100, unit }
}

/** Which of several sentences tells this fact. */
function variant({ fact, data }: FactView): string {
  const either = (on: unknown, yes: string, no: string) => `${fact}_${on ? yes : no}`
  switch (fact) {
    case 'reported':
      return data.parent ? 'reported_child' : data.self_handled ? 'reported_self_handled' : fact
    case 'confirmation_answered':
    case 'verification_answered':
      return `${fact}_${text(data.outcome)}`
    case 'self_handled_refused':
      return either(data.ordinary, 'ordinary', 'declined')
    case 'dispatched':
      return data.ahead ? 'dispatched_ahead' : data.rework ? 'dispatched_rework' : fact
    case 'approval_answered':
      return !data.approved ? 'approval_answered_rejected' : data.last ? 'approval_answered_approved' : 'approval_answered_step'
    case 'called_back':
      return !data.reached ? 'called_back_missed' : data.satisfied === true ? 'called_back_satisfied' : data.satisfied === false ? 'called_back_dissatisfied' : fact
    case 'appeal_answered':
      return either(data.granted, 'granted', 'refused')
    case 'audited':
      return either(data.passed, 'passed', 'refused')
    default:
      return fact
  }
}
function names(fact: FactView, prefix: string): string {
  return Object.entries(fact.names).filter(([field]) => field.startsWith(prefix)).map(([, name]) => say(name)).join(t('case.list_mark'))
}
function params(fact: FactView): Record<string, string | number> {
  const { data, names: named } = fact
  const name = (field: string) => say(named[field] as Words | undefined)
  const standard = (data.standard ?? {}) as Data
  const allowed = limit(data.limit ?? data.sign ?? data.by ?? standard.limit)
  const report = (data.report ?? {}) as Data
  return {
    department: name('department') || name('share'),
    departments: names(fact, 'shares.'),
    from: fact.fact === 'sent_back' ? tCode('stages', text(data.from)) : name('from'),
    collector: name('collector'),
    handler: name('handler'),
    to: name('to'),
    by: name('by'),
    source: tCode('sources', text(report.source)),
    approval: sayCode('approval', text(data.approval)),
    limit: allowed ? sayLimit(allowed) : '',
    until: typeof data.until === 'number' ? formatDateTime(data.until) : '',
    level: sayCode('choice.urge', text(data.level)),
    stage: tCode('stages', text(data.stage)),
    stars: Number(data.stars ?? 0),
    procedure: Number(data.procedure ?? 0),
    channel: text(data.channel),
  }
}
function said({ data }: FactView): string | null {
  const report = (data.report ?? {}) as Data
  const standard = (data.standard ?? {}) as Data
  const share = (data.share ?? {}) as Data
  const words = [text(report.text), text(standard.criterion_text), text(share.task), ...['opinion', 'reason', 'text', 'note', 'answer', 'requirement', 'order', 'remark'].map((field) => text(data[field]))]
  return words.filter((word) => word.trim() !== '').join('\n') || null
}
const GOOD = new Set(['closed', 'self_handled_passed', 'approval_answered_approved', 'verification_answered_passed', 'confirmation_answered_true', 'called_back_satisfied', 'appeal_answered_granted', 'audited_passed', 'answered_at_once'])
const BAD = new Set([
  'declined', 'sent_back', 'returned', 'reply_rejected', 'rework_ordered', 'closing_refused', 'reopened', 'cancelled', 'verification_answered_failed', 'confirmation_answered_false',
  'approval_answered_rejected', 'called_back_dissatisfied', 'audited_refused', 'self_handled_refused_declined', 'self_handled_refused_ordinary', 'appeal_answered_refused',
])

/** The sentence of a fact; a fact of a newer server is shown by its name. */
export function factWords(fact: FactView): string {
  const which = variant(fact)
  const key = hasCode('case', `fact.${which}`) ? which : fact.fact
  return hasCode('case', `fact.${key}`) ? t(`case.fact.${key}` as 'case.fact.closed', params(fact)) : fact.fact
}
export function photoOf(evidence: EvidenceView, of: string): Photo {
  const shown: Record<string, string> = { on_spot: 'verify', reference: 'far' }
  const kind = shown[evidence.kind] ?? evidence.kind
  const label = hasCode('photos', kind) ? tCode('photos', kind) : sayCode('evidence', evidence.kind)
  return {
    id: `${evidence.seq}-${evidence.attachment}`,
    src: photoUrl(evidence.attachment, of),
    thumb: photoUrl(evidence.attachment, of, 'thumb'),
    kind,
    takenAt: evidence.shot_at,
    alt: evidence.metres === null ? null : t('case.photo_metres', { kind: label, metres: Math.round(evidence.metres) }),
    video: evidence.content_type.startsWith('video/'),
  }
}
/** The timeline: who, what, when, how long it took, what was said. */
export function story(facts: readonly FactView[], of: string): TimelineEntry[] {
  return facts.map((fact) => {
    const which = variant(fact)
    const who = fact.by === 'citizen' ? t('roles.citizen') : fact.by === 'system' ? t('roles.system') : say(fact.person?.name)
    const as = fact.by === 'system' ? (fact.rule ? t('case.by_rule', { rule: fact.rule }) : null) : [fact.role ? tCode('roles', fact.role) : '', say(fact.department?.name)].filter(Boolean).join(' · ')
    return {
      id: String(fact.seq),
      at: fact.at,
      what: factWords(fact),
      who,
      as: as || null,
      said: said(fact),
      tookMs: fact.took_ms,
      depth: fact.depth,
      tone: GOOD.has(which) ? 'good' : BAD.has(which) ? 'bad' : fact.by === 'system' ? 'system' : 'plain',
      photos: fact.evidence.map((one) => photoOf(one, of)),
    }
  })
}
