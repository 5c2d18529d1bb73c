/** The state of a report as one plain sentence: who has it since when, and when it will be done. */
import { t } from '@/i18n'
import { say } from '@/offline/wire'
import { formatDate, formatDateTime, formatTime } from '@/ui/time'
import type { PublicCase, PublicState } from './wire'

const DAY = 86_400_000

/** `今天 17:00`, `明天 09:30`, `11-25 17:00`. */
export function dayAndTime(at: number, now: number): string {
  const day = formatDate(at)
  const time = formatTime(at)
  if (day === formatDate(now)) return t('citizen.today_at', { time })
  if (day === formatDate(now + DAY)) return t('citizen.tomorrow_at', { time })
  if (day === formatDate(now - DAY)) return t('citizen.yesterday_at', { time })
  return day.slice(0, 4) === formatDate(now).slice(0, 4) ? formatDateTime(at).slice(5) : formatDateTime(at)
}

/** When the state it is in began, as far as the public timeline tells. */
function since(view: PublicCase, ...facts: string[]): number | null {
  return view.timeline.filter((one) => facts.includes(one.fact)).at(-1)?.at ?? null
}

export function sentence(view: PublicCase): string {
  const now = view.now_at
  const department = say(view.department?.name) || t('citizen.the_department')
  const when = (at: number | null) => dayAndTime(at ?? view.reported_at, now)
  switch (view.state) {
    case 'received':
      return t('citizen.now_received', { time: when(view.reported_at) })
    case 'checking':
      return t('citizen.now_checking', { time: when(since(view, 'confirmation_requested')) })
    case 'with_department': {
      const time = when(since(view, 'dispatched', 'rework_ordered', 'resumed', 'reopened'))
      if (view.due_at === null) return t('citizen.now_working_open', { department, time })
      const due = dayAndTime(view.due_at, now)
      return t(view.due_at < now ? 'citizen.now_working_late' : 'citizen.now_working', { department, time, due })
    }
    case 'waiting':
      return t('citizen.now_waiting', { department })
    case 'being_verified':
      return t('citizen.now_verifying', { department, time: when(since(view, 'replied')) })
    case 'done':
      return t('citizen.now_done', { time: when(view.ended_at) })
    case 'declined':
      return t('citizen.now_declined')
    case 'ended':
      return t('citizen.now_ended', { time: when(view.ended_at) })
    case 'joined':
      return view.department ? t('citizen.now_joined', { department }) : t('citizen.now_joined_open')
    default:
      return view.state
  }
}

/** How far along the four steps a person thinks in; ended otherwise has none. */
export function progressOf(state: PublicState): number | null {
  if (state === 'declined' || state === 'ended') return null
  if (state === 'done') return 4
  if (state === 'being_verified') return 3
  return state === 'with_department' || state === 'waiting' || state === 'joined' ? 2 : 1
}
