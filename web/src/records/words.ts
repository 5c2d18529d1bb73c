/** Words for what the server sends: names in both languages, limits, areas. */
import { currentLocale, hasCode, t, tCode, tn } from '@/i18n'
import type { TimeLimit, Words } from './types'

/** The text in the language of the interface, or in the other one when it is missing. Reactive like `t`. */
export function say(words: Words | null | undefined): string {
  if (!words) return ''
  return currentLocale() === 'en' ? words.en || words.zh : words.zh || words.en
}
/** A code of one of the tables in `i18n/records`; an unknown one is shown as it is. */
export function sayCode(table: string, code: string): string {
  return hasCode('records', `${table}.${code}`) ? tCode('records', `${table}.${code}`) : code
}
/** `2 个工作日`, `0.5 个工作日`. */
export function sayLimit(limit: TimeLimit | null | undefined): string {
  if (!limit) return ''
  return tn(`records.limit.${limit.unit}`, limit.hundredths / 100)
}
export const sameLimit = (a: TimeLimit | undefined, b: TimeLimit | undefined): boolean => a?.hundredths === b?.hundredths && a?.unit === b?.unit
/** `480` → `08:00`. */
export const clockOf = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
export const minuteOf = (clock: string): number => {
  const [hours, minutes] = clock.split(':').map(Number)
  return (hours ?? 0) * 60 + (minutes ?? 0)
}
export const percent = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : `${value.toFixed(1)} %`)
export const count = (n: number): string => n.toLocaleString(currentLocale() === 'en' ? 'en-US' : 'zh-CN')
export const yesNo = (value: boolean): string => t(value ? 'records.yes' : 'records.no')
/** A path into a record in words: `posts[1].role` → 岗位 · 2 · 角色. */
export function sayPath(path: string): string {
  return path
    .replace(/\[(\w[^\]]*)\]/g, '.$1')
    .split('.')
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : sayCode('field', part)))
    .join(' · ')
}
