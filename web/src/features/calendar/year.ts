/** A working calendar laid out in days. Dates are `YYYY-MM-DD` texts, so that no time zone can move them. */
import { type CalendarSpec, type Season, type Slot, WEEKDAYS, type Weekday } from '@/records/types'
import { minuteOf } from '@/records/words'

const DAY_MS = 86_400_000
const toMs = (date: string): number => Date.parse(`${date}T00:00:00Z`)
const fromMs = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
export const addDays = (date: string, days: number): string => fromMs(toMs(date) + days * DAY_MS)
export const weekdayOf = (date: string): Weekday => WEEKDAYS[(new Date(toMs(date)).getUTCDay() + 6) % 7] as Weekday
export const daysOfMonth = (year: number, month: number): string[] => {
  const first = `${year}-${String(month).padStart(2, '0')}-01`
  return Array.from({ length: 31 }, (_, n) => addDays(first, n)).filter((date) => date.slice(0, 7) === first.slice(0, 7))
}
export const daysOfYear = (year: number): string[] => Array.from({ length: 12 }, (_, month) => daysOfMonth(year, month + 1)).flat()

export function covers(season: Season, date: string): boolean {
  const day = date.slice(5)
  const inSeason = season.from <= season.to ? season.from <= day && day <= season.to : season.from <= day || day <= season.to
  return inSeason && (!season.valid_from || season.valid_from <= date) && (!season.valid_to || date <= season.valid_to)
}
export const minutesOf = (slots: readonly Slot[]): number => slots.reduce((sum, slot) => sum + Math.max(0, minuteOf(slot.to) - minuteOf(slot.from)), 0)
export const isWorkingDay = (spec: CalendarSpec, date: string): boolean => (spec.days[date] ? spec.days[date].kind === 'work' : !spec.weekend.includes(weekdayOf(date)))
/** Office minutes of a date. */
export function workMinutes(spec: CalendarSpec, date: string): number {
  if (!isWorkingDay(spec, date)) return 0
  const season = spec.seasons.find((one) => covers(one, date))
  return season ? minutesOf(season.slots) : 0
}

export interface Effect {
  /** Dates whose office time is another. */
  changed: string[]
  /** Working days and office hours of each month, before and after; only months that differ. */
  months: { month: string; days: [number, number]; hours: [number, number] }[]
}
/** What another calendar would change in some years. */
export function effect(before: CalendarSpec, after: CalendarSpec, years: readonly number[]): Effect {
  const changed: string[] = []
  const months = new Map<string, { days: [number, number]; minutes: [number, number] }>()
  for (const date of years.flatMap(daysOfYear)) {
    const [a, b] = [workMinutes(before, date), workMinutes(after, date)]
    const month = months.get(date.slice(0, 7)) ?? { days: [0, 0], minutes: [0, 0] }
    months.set(date.slice(0, 7), { days: [month.days[0] + (a > 0 ? 1 : 0), month.days[1] + (b > 0 ? 1 : 0)], minutes: [month.minutes[0] + a, month.minutes[1] + b] })
    if (a !== b) changed.push(date)
  }
  const differing = [...months].filter(([, { minutes }]) => minutes[0] !== minutes[1])
  return { changed, months: differing.map(([month, { days, minutes }]) => ({ month, days, hours: [minutes[0] / 60, minutes[1] / 60] })) }
}

/** The year whose holidays should be known by now and are not: this one, or from November on the next. */
export function missingYear(spec: CalendarSpec, today: string): number | null {
  const year = Number(today.slice(0, 4))
  const known = (wanted: number) => Object.keys(spec.days).some((date) => date.startsWith(`${wanted}-`))
  if (!known(year)) return year
  return Number(today.slice(5, 7)) >= 11 && !known(year + 1) ? year + 1 : null
}
/** Days of the year covered by none, and by more than one, of the seasons that are in force on the date. */
export function seasonFaults(spec: CalendarSpec, year: number): { gap: string | null; overlap: string | null } {
  let gap: string | null = null
  let overlap: string | null = null
  for (const date of daysOfYear(year)) {
    const found = spec.seasons.filter((season) => covers(season, date)).length
    if (found === 0) gap ??= date
    if (found > 1) overlap ??= date
  }
  return { gap, overlap }
}
