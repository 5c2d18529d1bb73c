/** Words for what a register says: values, states, bands, changes. */
import { t, tn } from '@/i18n'
import { say, yesNo } from '@/records/words'
import type { Colour, Field, Named, Register } from '@/registry/registers'
import type { EntryLine, EntryView, HistoryLine } from './types'

export const nameIn = (list: readonly Named[], id: string): string => {
  const found = list.find((one) => one.id === id)
  return found ? say(found.name) : id
}
export const retired = (list: readonly Named[], id: string): boolean => id !== '' && !list.some((one) => one.id === id)
export const kindOf = (register: Register, id: string): string => (id ? nameIn(register.kinds, id) : '')
export const stateOf = (register: Register, id: string): string => nameIn(register.states, id)
export const colourOfState = (register: Register, id: string): Colour => register.states.find((one) => one.id === id)?.colour ?? 'grey'

/** A value as people read it; a choice the pack no longer has is shown as it was stored. */
export function sayValue(field: Field, value: unknown, names: Record<string, { zh: string; en: string }> = {}): string {
  if (value === null || value === undefined || value === '') return ''
  if (field.type === 'boolean') return yesNo(value === true)
  if (field.type === 'choice') return nameIn(field.choices ?? [], String(value))
  if (field.type === 'person' || field.type === 'department') return say(names[field.id]) || `#${String(value)}`
  if (Array.isArray(value)) return tn('register.files', value.length)
  if (field.type === 'number' && field.unit) return `${String(value)} ${say(field.unit)}`
  return String(value)
}
/** What the colour of an entry says in words: its state, its band or its documents. */
export function sayBand(register: Register, entry: Pick<EntryLine | EntryView, 'band' | 'state' | 'score' | 'flags'>): string {
  if (register.style === 'state' || register.states.find((one) => one.id === entry.state)?.closed) return stateOf(register, entry.state)
  if (register.style === 'score') {
    const score = entry.score
    const band = score == null ? undefined : register.rating?.bands.find((one) => score >= one.from)
    return band ? say(band.name) : t('register.no_score')
  }
  if (entry.flags.includes('expired')) return t('register.flag.expired')
  if (entry.flags.includes('document_missing')) return t('register.flag.document_missing')
  if (entry.flags.includes('expiring')) return t('register.flag.expiring')
  return t('register.documents_valid')
}
export const FLAGS = ['expired', 'expiring', 'document_missing', 'inspection_due', 'case_open'] as const
export function sayScore(score: number | null | undefined): string {
  return score === null || score === undefined ? '–' : score.toFixed(1)
}
const word = (value: unknown): string => (typeof value === 'string' ? value : '')

/** One version of an entry as a sentence, and its details. */
export function sayChange(register: Register, line: HistoryLine): { what: string; details: string[] } {
  const change = line.change
  const details: string[] = []
  switch (change.what) {
    case 'created':
      return { what: t('register.change.created'), details }
    case 'changed': {
      for (const [id, both] of Object.entries((change.fields ?? {}) as Record<string, { from: unknown; to: unknown }>)) {
        const field = register.fields.find((one) => one.id === id)
        const value = (v: unknown) => (field ? sayValue(field, v) : String(v ?? '')) || t('register.nothing')
        details.push(`${field ? say(field.name) : id}: ${value(both.from)} → ${value(both.to)}`)
      }
      const pair = (key: 'name' | 'kind') => change[key] as { from: string; to: string } | undefined
      const name = pair('name')
      const kind = pair('kind')
      if (name) details.push(`${t('register.name')}: ${name.from} → ${name.to}`)
      if (kind) details.push(`${t('register.kind')}: ${kindOf(register, kind.from)} → ${kindOf(register, kind.to)}`)
      for (const key of ['documents', 'photos', 'relations'] as const) if (change[key]) details.push(t(`register.changed_${key}`))
      return { what: t('register.change.changed'), details }
    }
    case 'moved':
      return { what: t('register.change.moved'), details: [`${word(change.from)} → ${word(change.to)}`] }
    case 'state':
      if (word(change.reason)) details.push(word(change.reason))
      return { what: t('register.change.state', { from: stateOf(register, word(change.from)), to: stateOf(register, word(change.to)) }), details }
    case 'removed':
      return { what: t('register.change.removed'), details: [word(change.reason)] }
    case 'case':
      return { what: t('register.change.case', { rule: nameIn(register.cases, word(change.rule)), number: word(change.number) }), details }
    case 'case_ended':
      if (word(change.to)) details.push(t('register.change.state', { from: stateOf(register, word(change.from)), to: stateOf(register, word(change.to)) }))
      return { what: t('register.change.case_ended', { number: word(change.number) }), details }
    case 'inspected':
      return { what: t('register.change.inspected', { plan: nameIn(register.inspections, word(change.plan)) }), details }
    case 'offence':
      return { what: t('register.change.offence', { offence: offenceName(register, word(change.offence)) }), details }
    case 'offence_withdrawn':
      return { what: t('register.change.offence_withdrawn', { offence: offenceName(register, word(change.offence)) }), details: [word(change.reason)] }
    default:
      return { what: t('register.change.recoloured'), details }
  }
}
export function offenceName(register: Register, id: string): string {
  return nameIn(register.duties.flatMap((duty) => duty.offences), id)
}
