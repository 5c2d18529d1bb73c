/** Words for the fields of a file, by what its rows become; those of a register come from its pack. */
import { hasCode, t, tCode } from '@/i18n'
import { say } from '@/records/words'
import type { Register } from '@/registry/registers'
import type { Target } from '@/registry/transfer'
import type { Field } from './types'

export const sayTarget = (target: Target, register: Register | undefined): string =>
  target.to === 'register' ? say(register?.name) || target.register : t(`transfer.${target.to}`)
const own = (target: Target, code: string) => `fields.${target.to}.${code}`
export const labelOf = (target: Target, field: Field): string => say(field) || tCode('transfer', own(target, field.field))
/** The field of a fault: one of the mapping, a part of a document, or the row as a whole. */
export function sayField(target: Target, fields: readonly Field[], code: string): string {
  if (code === '') return t('transfer.whole_row')
  const known = fields.find((field) => field.field === code)
  if (known) return labelOf(target, known)
  const [, nth, part] = /^documents\[(\d+)\]\.(\w+)$/.exec(code) ?? []
  if (nth !== undefined && part !== undefined) return t('transfer.document_part', { n: Number(nth) + 1, part: hasCode('transfer', `document_parts.${part}`) ? tCode('transfer', `document_parts.${part}`) : part })
  const [list = code] = code.split('[')
  return hasCode('transfer', own(target, list)) ? tCode('transfer', own(target, list)) : code
}
/** A word that a field may have. */
export function sayChoice(target: Target, register: Register | undefined, field: string, word: string): string {
  if (target.to === 'register') {
    const lists = { kind: register?.kinds, state: register?.states }[field] ?? register?.fields.find((one) => `fields.${one.id}` === field)?.choices
    return say(lists?.find((one) => one.id === word)?.name) || word
  }
  const [namespace, key] = target.to === 'addresses' ? (['places', `kinds.${word}`] as const) : (['transfer', `choices.${word}`] as const)
  return hasCode(namespace, key) ? tCode(namespace, key) : word
}
