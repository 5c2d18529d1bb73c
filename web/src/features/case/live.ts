/** One live stream for the whole console; screens say what they want to hear. */
import { type Ref, onScopeDispose } from 'vue'
import { useLive } from '@/api'
import { type ThingsChange, tellThings } from '@/registry/live'
import type { LiveState } from '@/ui/live-state'
import type { CaseChange, WorkbenchView } from './types'

interface Listener {
  changed: (change: CaseChange) => void
  missed: () => void
}
const listeners = new Set<Listener>()
/** Hear the counts of the queues, which the server tells when one of them has changed. */
const counters = new Set<(view: WorkbenchView) => void>()

/** Opens the stream; once, in the console's entry. */
export function openLive(signedIn: () => boolean): Ref<LiveState> {
  const missed = () => {
    listeners.forEach((listener) => listener.missed())
    tellThings(null)
  }
  return useLive(() => (signedIn() ? '/api/live' : null), {
    case: (data) => listeners.forEach((listener) => listener.changed(data as CaseChange)),
    things: (data) => tellThings(data as ThingsChange),
    count: (data) => counters.forEach((counted) => counted(data as WorkbenchView)),
    reset: missed,
  }, { reconnected: missed }).state
}
/** Hears of changes while the calling component lives; `missed` when some may have been lost. */
export function onCaseChange(changed: Listener['changed'], missed: Listener['missed'] = () => {}): void {
  const listener = { changed, missed }
  listeners.add(listener)
  onScopeDispose(() => listeners.delete(listener))
}
/** Hears the counts of the queues while the calling component lives. */
export function onCounts(counted: (view: WorkbenchView) => void): void {
  counters.add(counted)
  onScopeDispose(() => counters.delete(counted))
}
/** Hears that changes may have been lost while the calling component lives. */
export function onMissed(missed: () => void): void {
  onCaseChange(() => {}, missed)
}
/** At most once in `ms`, the last call always done. */
export function throttled(run: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0
  onScopeDispose(() => clearTimeout(timer))
  return () => {
    if (timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      last = Date.now()
      run()
    }, Math.max(0, last + ms - Date.now()))
  }
}
