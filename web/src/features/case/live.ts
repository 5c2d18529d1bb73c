/** One live stream for the whole console; screens say what they want to hear. */
import { type Ref, onScopeDispose } from 'vue'
import { useLive } from '@/api'
import type { LiveState } from '@/ui/live-state'
import type { CaseChange } from './types'

interface Listener {
  changed: (change: CaseChange) => void
  missed: () => void
}
const listeners = new Set<Listener>()

/** Opens the stream; once, in the console's entry. */
export function openLive(signedIn: () => boolean): Ref<LiveState> {
  const missed = () => listeners.forEach((listener) => listener.missed())
  return useLive(() => (signedIn() ? '/api/live' : null), { case: (data) => listeners.forEach((listener) => listener.changed(data as CaseChange)), reset: missed }, { reconnected: missed }).state
}
/** Hears of changes while the calling component lives; `missed` when some may have been lost. */
export function onCaseChange(changed: Listener['changed'], missed: Listener['missed'] = () => {}): void {
  const listener = { changed, missed }
  listeners.add(listener)
  onScopeDispose(() => listeners.delete(listener))
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
