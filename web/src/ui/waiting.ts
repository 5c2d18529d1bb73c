/** The tab's title counts what is waiting, so that a hidden tab still tells. */
import { onScopeDispose, ref, watchEffect } from 'vue'

export const waiting = ref(0)

/** The screen that is open says how much waits on it; nothing waits once it is left. */
export function useWaiting(count: () => number): void {
  watchEffect(() => (waiting.value = count()))
  onScopeDispose(() => (waiting.value = 0))
}
