/** Days, weeks and months of the city on a slider. Weeks begin on Monday. Dates are the city's own. */
import { dayAfter, startOf } from '@/records/zone'

export const UNITS = ['day', 'week', 'month'] as const
export type Unit = (typeof UNITS)[number]
export interface Window {
  unit: Unit
  /** First day, `2026-11-23`. */
  from: string
}

const days = (date: string, by: number) => new Date(Date.parse(`${date}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10)
const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(Date.parse(`${text}T00:00:00Z`))

/** The window of this unit that holds the date. */
export function windowAt(unit: Unit, date: string): Window {
  if (unit === 'day') return { unit, from: date }
  if (unit === 'month') return { unit, from: `${date.slice(0, 7)}-01` }
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7
  return { unit, from: days(date, -weekday) }
}
export function next({ unit, from }: Window, by: number): Window {
  if (unit === 'day') return { unit, from: days(from, by) }
  if (unit === 'week') return { unit, from: days(from, 7 * by) }
  const month = Number(from.slice(0, 4)) * 12 + Number(from.slice(5, 7)) - 1 + by
  return { unit, from: `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-01` }
}
/** The day after the last one. */
export const endOf = (window: Window): string => next(window, 1).from
export const lastDay = (window: Window): string => days(endOf(window), -1)
/** As moments: from the first, up to and without the second. */
export function momentsOf(window: Window, zone: string): [number, number] {
  return [startOf(window.from, zone), startOf(endOf(window), zone)]
}
/** The last `count` windows up to the one that holds `today`, oldest first. */
export function upTo(unit: Unit, today: string, count: number): Window[] {
  const last = windowAt(unit, today)
  return Array.from({ length: count }, (_, index) => next(last, index - count + 1))
}
export const write = ({ unit, from }: Window): string => `${unit}:${from}`
export function read(words: string | null | undefined): Window | null {
  const [unit, date] = (words ?? '').split(':')
  return date && isDate(date) && (UNITS as readonly string[]).includes(unit ?? '') ? windowAt(unit as Unit, date) : null
}

/** Counts of days (`20261123`, as the server groups them) summed into windows. */
export function sums(windows: readonly Window[], byDay: ReadonlyMap<string, number>): number[] {
  return windows.map((window) => {
    let sum = 0
    for (let day = window.from; day < endOf(window); day = dayAfter(day)) sum += byDay.get(day) ?? 0
    return sum
  })
}
/** `20261123` or `2026-11-23` as a date. */
export const dayKey = (key: string): string => (/^\d{8}$/.test(key) ? `${key.slice(0, 4)}-${key.slice(4, 6)}-${key.slice(6)}` : key)
