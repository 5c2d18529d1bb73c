/** Shifts laid out in a week. Dates are `YYYY-MM-DD` texts. */
import { type Shift, WEEKDAYS, type Weekday } from '@/records/types'

const DAY_MS = 86_400_000
const toMs = (date: string): number => Date.parse(`${date}T00:00:00Z`)
export const addDays = (date: string, days: number): string => new Date(toMs(date) + days * DAY_MS).toISOString().slice(0, 10)
export const weekdayOf = (date: string): Weekday => WEEKDAYS[(new Date(toMs(date)).getUTCDay() + 6) % 7] as Weekday
/** Monday to Sunday of the week a date lies in. */
export function weekOf(date: string): string[] {
  const monday = addDays(date, -WEEKDAYS.indexOf(weekdayOf(date)))
  return Array.from({ length: 7 }, (_, n) => addDays(monday, n))
}
export function beginsOn(shift: Shift, date: string): boolean {
  const planned = shift.on === 'weekly' ? (shift.days ?? []).includes(weekdayOf(date)) : (shift.dates ?? []).includes(date)
  return planned && (!shift.valid_from || shift.valid_from <= date) && (!shift.valid_to || date <= shift.valid_to)
}
export const minutesOf = (shift: Shift): number => (shift.to_minute > shift.from_minute ? shift.to_minute - shift.from_minute : shift.to_minute + 1440 - shift.from_minute)
/** Whether the shift runs at a minute of a date; one that began the day before may run into the morning. */
export function runsAt(shift: Shift, date: string, minute: number): boolean {
  if (beginsOn(shift, date) && minute >= shift.from_minute && minute - shift.from_minute < minutesOf(shift)) return true
  return beginsOn(shift, addDays(date, -1)) && minute + 1440 - shift.from_minute < minutesOf(shift)
}
