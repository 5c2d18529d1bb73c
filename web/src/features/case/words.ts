/** Names the server sends in both languages, and lengths and limits in words. */
import { currentLocale, hasCode, t, tCode, tn } from '@/i18n'
import type { LimitView, Words } from './types'

/** The text in the language of the interface. Reactive like `t`. */
export function say(words: Words | string | null | undefined): string {
  if (!words) return ''
  if (typeof words === 'string') return words
  return currentLocale() === 'en' ? words.en || words.zh : words.zh || words.en
}
/** `2 工作日` */
export function sayLimit(limit: LimitView): string {
  const n = Math.round(limit.value * 100) / 100
  return hasCode('case', `limit.${limit.unit}`) ? tn(`case.limit.${limit.unit}` as 'case.limit.work_day', n) : `${n} ${tCode('limits', limit.unit)}`
}
/** A code of one of the tables in `i18n/case`; an unknown one is shown as it is. */
export function sayCode(table: string, code: string): string {
  return hasCode('case', `${table}.${code}`) ? tCode('case', `${table}.${code}`) : code
}
export const sayStep = (step: string): string => tCode('steps', step)
export const sayNone = (text: string | null | undefined): string => text || t('common.unknown')
