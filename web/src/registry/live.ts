/** Changes of registered things, as the console's one stream tells them. */
import { onScopeDispose } from 'vue'

export interface ThingsChange {
  registers: string[]
  /** West, south, east, north: around everything that changed. */
  box: [number, number, number, number]
  version: number
}
const listeners = new Set<(change: ThingsChange | null) => void>()

/** For whoever holds the stream. Null: some may have been missed. */
export function tellThings(change: ThingsChange | null): void {
  listeners.forEach((listener) => listener(change))
}
/** Hears of changes while the calling component lives; null when some may have been missed. */
export function onThings(changed: (change: ThingsChange | null) => void): void {
  listeners.add(changed)
  onScopeDispose(() => listeners.delete(changed))
}
