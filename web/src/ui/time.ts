/** Dates, ages and clocks in words. Times are epoch milliseconds and shown in the city's zone. */
import { type MaybeRefOrGetter, type Ref, computed, ref, toValue } from 'vue'
import { currentLocale, t, tn } from '@/i18n'

let zone: string | undefined
let formatter: Intl.DateTimeFormat | undefined

/** The city's time zone (IANA); without it, the browser's. A colleague elsewhere then reads the same times. */
export function setCityTimeZone(name: string): void {
  zone = name
  formatter = undefined
}

function parts(at: number): Record<string, string> {
  formatter ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  return Object.fromEntries(formatter.formatToParts(at).map((part) => [part.type, part.value]))
}

/** `2026-11-22 14:05` */
export function formatDateTime(at: number): string {
  const p = parts(at)
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`
}

/** `2026-11-22` */
export function formatDate(at: number): string {
  return formatDateTime(at).slice(0, 10)
}

/** `14:05` */
export function formatTime(at: number): string {
  return formatDateTime(at).slice(11)
}

/** Today `14:05`, this year `11-22 14:05`, else the whole date. */
export function formatShort(at: number, now: number): string {
  const full = formatDateTime(at)
  const today = formatDateTime(now)
  if (full.slice(0, 10) === today.slice(0, 10)) return full.slice(11)
  return full.slice(0, 4) === today.slice(0, 4) ? full.slice(5) : full
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `3 分钟前`, `2 小时前`, `5 天前`; ahead: `20 分钟后`. */
export function formatRelative(at: number, now: number): string {
  const away = Math.abs(now - at)
  if (away < MINUTE) return t('durations.just_now')
  const time =
    away < HOUR
      ? tn('durations.minutes_exact', Math.floor(away / MINUTE))
      : away < DAY
        ? tn('durations.hours_exact', Math.floor(away / HOUR))
        : tn('durations.days', Math.floor(away / DAY))
  return t(at <= now ? 'durations.ago' : 'durations.ahead', { time })
}

export interface LengthOptions {
  /** `working` counts office hours: a day is `dayMs` long and is called 工作日. */
  kind?: 'working' | 'natural'
  /** Length of one working day; 8 h unless the calendar says otherwise. */
  dayMs?: number
  /** `3时20分` for narrow places. */
  short?: boolean
}

/** A length of time in its two largest units: `3 小时 20 分`, `2 个工作日 1 小时`. Never negative. */
export function formatLength(lengthMs: number, options: LengthOptions = {}): string {
  const { kind = 'natural', short = false } = options
  const dayMs = kind === 'working' ? (options.dayMs ?? 8 * HOUR) : DAY
  const total = Math.abs(lengthMs)
  if (total < MINUTE && !short) return t('durations.under_a_minute')
  const days = Math.floor(total / dayMs)
  const hours = Math.floor((total % dayMs) / HOUR)
  const minutes = Math.floor(((total % dayMs) % HOUR) / MINUTE)
  const day = (n: number) =>
    short ? t('durations.short_days', { n }) : tn(kind === 'working' ? 'durations.work_days' : 'durations.days', n)
  const hour = (n: number) => (short ? t('durations.short_hours', { n }) : tn('durations.hours', n))
  const minute = (n: number) => (short ? t('durations.short_minutes', { n }) : tn('durations.minutes', n))
  const words = days > 0 ? [day(days), ...(hours > 0 ? [hour(hours)] : [])] : []
  if (days === 0) {
    if (hours > 0) words.push(hour(hours))
    if (minutes > 0 || hours === 0) words.push(minute(minutes))
  }
  return words.join(short && currentLocale() === 'zh-CN' ? '' : ' ')
}

/** What is left of a clock, in words; negative `remainingMs` is overdue. */
export function formatRemaining(remainingMs: number, options: LengthOptions & { paused?: boolean } = {}): string {
  const { kind = 'natural', short = false, paused = false } = options
  const time = formatLength(remainingMs, options)
  if (short) return remainingMs < 0 ? t('durations.short_overdue', { time }) : time
  if (remainingMs < 0) {
    const whole = Math.abs(remainingMs) >= (options.dayMs ?? 8 * HOUR)
    return t('durations.overdue', { time: kind === 'working' && !whole ? t('durations.working', { time }) : time })
  }
  const whole = kind === 'working' && remainingMs >= (options.dayMs ?? 8 * HOUR)
  const words = t(paused ? 'durations.paused' : 'durations.remaining', { time })
  return kind === 'working' && !whole ? t('durations.working', { time: words }) : words
}

const nowRef = ref(Date.now())
let ticking = false

/** The time, renewed every 20 s; one timer for the whole page. */
export function useNow(): Ref<number> {
  if (!ticking) {
    ticking = true
    setInterval(() => (nowRef.value = Date.now()), 20_000)
  }
  return nowRef
}

export interface ClockState {
  /** `grey` is suspended, `done` a stopped clock, `none` no limit. */
  light: 'green' | 'yellow' | 'red' | 'grey' | 'done' | 'none'
  /** Left in the clock's own unit; negative is overdue. */
  remainingMs?: number | null
  kind?: 'working' | 'natural'
  dayMs?: number
  /** When the server counted `remainingMs`; with `running` the browser counts on from there. */
  asOf?: number
  running?: boolean
}

/** The clock counted on to now. Only the number moves; the light is the server's, except that nothing below zero is green. */
export function useClock(clock: MaybeRefOrGetter<ClockState>) {
  const now = useNow()
  return computed<ClockState>(() => {
    const state = toValue(clock)
    if (!state.running || state.asOf === undefined || state.remainingMs == null) return state
    const remainingMs = state.remainingMs - Math.max(0, now.value - state.asOf)
    return { ...state, remainingMs, light: remainingMs < 0 ? 'red' : state.light }
  })
}
