/**
 * Server-sent events, read through fetch so that the last event's id survives our own reconnects and a quiet
 * line is noticed. Events are JSON.
 */
import { type MaybeRefOrGetter, type Ref, onScopeDispose, ref, toValue, watch } from 'vue'
import type { LiveState } from '@/ui/live-state'
import { standardHeaders } from './http'

export interface LiveEvent {
  /** `message` when the server named none. */
  event: string
  data: string
  id: string | null
}

/** Turns the bytes of an event stream into events; keeps an unfinished line for the next piece. */
export function eventReader(onEvent: (event: LiveEvent) => void, onRetry: (ms: number) => void = () => {}) {
  let rest = ''
  let skipLineFeed = false
  let lastId: string | null = null
  let name = ''
  let data: string[] = []
  function line(text: string) {
    if (text === '') {
      if (data.length > 0) onEvent({ event: name || 'message', data: data.join('\n'), id: lastId })
      name = ''
      data = []
      return
    }
    if (text.startsWith(':')) return
    const colon = text.indexOf(':')
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') name = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) lastId = value
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value))
  }
  return (piece: string) => {
    for (const character of piece) {
      if (character === '\n' && skipLineFeed) {
        skipLineFeed = false
        continue
      }
      skipLineFeed = character === '\r'
      if (character === '\n' || character === '\r') {
        line(rest)
        rest = ''
      } else rest += character
    }
  }
}

/** A line without a byte for this long is taken for dead; the server sends a comment every 15 s. */
const QUIET_MS = 45_000
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 30_000

export type LiveHandlers = Record<string, (data: unknown, event: LiveEvent) => void>

/**
 * Listens while the calling component lives. Handlers are keyed by event name; `open` runs at every connection
 * after the first, when a screen should ask again for what it may have missed.
 */
export function useLive(
  url: MaybeRefOrGetter<string | null>,
  handlers: LiveHandlers,
  options: { reconnected?: () => void } = {},
): { state: Ref<LiveState> } {
  const state = ref<LiveState>('connecting')
  let stop: AbortController | null = null
  let lastId: string | null = null
  let wait = FIRST_WAIT_MS
  let timer: ReturnType<typeof setTimeout> | undefined
  let everOpen = false

  async function connect(address: string) {
    stop?.abort()
    clearTimeout(timer)
    const mine = new AbortController()
    stop = mine
    let quiet: ReturnType<typeof setTimeout> | undefined
    const alive = () => {
      clearTimeout(quiet)
      quiet = setTimeout(() => mine.abort(), QUIET_MS)
    }
    try {
      alive()
      const response = await fetch(address, {
        headers: { ...standardHeaders('GET'), accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: mine.signal,
      })
      if (!response.ok || !response.body) throw new Error(`live stream: ${response.status}`)
      state.value = 'live'
      wait = FIRST_WAIT_MS
      if (everOpen) options.reconnected?.()
      everOpen = true
      const read = eventReader(
        (event) => {
          lastId = event.id ?? lastId
          const handler = handlers[event.event]
          if (!handler) return
          let data: unknown
          try {
            data = JSON.parse(event.data)
          } catch {
            return console.warn(`live stream: ${event.event} is not JSON`)
          }
          handler(data, event)
        },
        (ms) => (wait = Math.min(Math.max(ms, FIRST_WAIT_MS), LONGEST_WAIT_MS)),
      )
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        alive()
        read(value)
      }
    } catch {
      // Whatever ended the line, the answer is the same: say so and try again.
    } finally {
      clearTimeout(quiet)
    }
    if (stop !== mine) return
    state.value = everOpen ? 'lost' : 'connecting'
    timer = setTimeout(() => void connect(address), wait * (0.75 + Math.random() / 2))
    wait = Math.min(wait * 2, LONGEST_WAIT_MS)
  }
  function end() {
    const old = stop
    stop = null
    old?.abort()
    clearTimeout(timer)
  }
  /** Back on the network, or back in front of the person: no need to wait. */
  const hurry = () => {
    const address = toValue(url)
    if (address !== null && state.value === 'lost' && document.visibilityState === 'visible') {
      wait = FIRST_WAIT_MS
      void connect(address)
    }
  }
  watch(
    () => toValue(url),
    (address) => {
      end()
      if (address !== null) {
        lastId = null
        state.value = 'connecting'
        void connect(address)
      }
    },
    { immediate: true },
  )
  addEventListener('online', hurry)
  document.addEventListener('visibilitychange', hurry)
  onScopeDispose(() => {
    end()
    removeEventListener('online', hurry)
    document.removeEventListener('visibilitychange', hurry)
  })
  return { state }
}
