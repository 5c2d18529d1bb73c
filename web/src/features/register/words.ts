/** Words for what a register says: values, states, bands, changes. */
import { t, tn } from '@/i18n'
import { say, yesNo } from '@/records/words'
import { type Colour, type Field, type Named, type Register, fieldOf } from '@/registry/registers'
import { sayPlace, sayReason } from '@/registry/words'
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
interface Pair {
  from: unknown
  to: unknown
}
/** Names of people and departments that are known by their number. */
export interface Who {
  personName: (id: number) => string
  departmentName: (id: number) => string
}
/** What the pack named once and names no more. */
const named = (list: readonly Named[], id: string): string => say(list.find((one) => one.id === id)?.name) || t('register.no_longer', { id })
const both = (label: string, pair: unknown, sayOne: (value: unknown) => string): string[] => {
  if (!pair) return []
  const { from, to } = pair as Pair
  return [t('register.change.pair', { what: label, from: sayOne(from) || t('register.nothing'), to: sayOne(to) || t('register.nothing') })]
}
function valuesOf(register: Register, changed: unknown, who: Who): string[] {
  return Object.entries((changed ?? {}) as Record<string, Pair>).flatMap(([id, pair]) => {
    const field = fieldOf(register, id)
    if (!field) return [t('register.change.other_field')]
    const names = { person: who.personName, department: who.departmentName }[field.type as string]
    return both(say(field.name), pair, (value) => (names && typeof value === 'number' ? names(value) : sayValue(field, value)))
  })
}
/** What a version says of an entry as a whole, whichever way it was changed. */
function detailsOf(register: Register, change: HistoryLine['change'], who: Who): string[] {
  const state = (id: unknown) => (word(id) ? named(register.states, word(id)) : '')
  const kind = (id: unknown) => (word(id) ? named(register.kinds, word(id)) : '')
  return [
    ...both(t('register.name'), change.name, word),
    ...both(t('register.kind'), change.kind, kind),
    ...both(t('register.state'), change.state, state),
    ...both(t('register.place'), change.place, (wkt) => (word(wkt) ? sayPlace(word(wkt)) : '')),
    ...valuesOf(register, change.fields, who),
    ...(['documents', 'photos', 'relations'] as const).flatMap((key) => (change[key] ? [t(`register.changed_${key}`)] : [])),
    ...(change.transfer ? [t('registry.reason_of.brought_in')] : []),
    ...(word(change.reason) ? [sayReason(word(change.reason))] : []),
  ]
}
/** One version of an entry as a sentence, and its details. */
export function sayChange(register: Register, line: HistoryLine, who: Who): { what: string; details: string[] } {
  const { change } = line
  const said = (what: string, ...details: string[]) => ({ what, details: [...details, ...detailsOf(register, change, who)] })
  const [from, to] = [word(change.from), word(change.to)]
  const states = () => t('register.change.state', { from: named(register.states, from), to: named(register.states, to) })
  switch (change.what) {
    case 'created':
      return said(t('register.change.created'))
    case 'moved':
      return said(t('register.change.moved'), `${sayPlace(from)} → ${sayPlace(to)}`)
    case 'regridded':
      return said(t('register.change.regridded'), `${from || t('register.nothing')} → ${to}`)
    case 'state':
      return said(states())
    case 'removed':
      return said(t('register.change.removed'))
    case 'case':
      return said(t('register.change.case', { rule: named(register.cases, word(change.rule)), number: word(change.number) }))
    case 'case_ended':
      return said(t('register.change.case_ended', { number: word(change.number) }), ...(to ? [states()] : []))
    case 'inspected':
      return said(t('register.change.inspected', { plan: named(register.inspections, word(change.plan)) }))
    case 'offence':
      return said(t('register.change.offence', { offence: named(offencesOf(register), word(change.offence)) }))
    case 'offence_withdrawn':
      return said(t('register.change.offence_withdrawn', { offence: named(offencesOf(register), word(change.offence)) }))
    case 'recoloured':
      return said(t('register.change.recoloured'))
    default:
      return said(t('register.change.changed'))
  }
}
const offencesOf = (register: Register): Named[] => register.duties.flatMap((duty) => duty.offences)
export const offenceName = (register: Register, id: string): string => nameIn(offencesOf(register), id)
