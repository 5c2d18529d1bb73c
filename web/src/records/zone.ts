/** Days of the city as moments: a period is chosen by date and asked for in milliseconds. */

/** Minutes the zone is ahead of UTC at a moment. */
function ahead(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }).formatToParts(at)
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
  return Math.round((Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) - at) / 60_000)
}
/** The moment a date begins in the zone. */
export function startOf(date: string, zone: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`)
  const first = utc - ahead(zone, utc) * 60_000
  // Once more where the clock was changed in between.
  return utc - ahead(zone, first) * 60_000
}
export const dayAfter = (date: string): string => new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
/** First day of the month, and of the one after it: `2026-11` → `2026-11-01`, `2026-12-01`. */
export function monthSpan(month: string): [string, string] {
  const [year = 0, number = 1] = month.split('-').map(Number)
  const after = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`
  return [`${month}-01`, `${after}-01`]
}
