/** The one outbox of this page, wired to the browser: sends when the line is back, in one tab at a time. */
import { API_BASE, uploadPhoto } from '@/api'
import { ask } from './ask'
import { type Outbox, type OutboxItem, createOutbox } from './outbox'
import { useShelf } from './shelf'

let shared: Promise<Outbox> | undefined
const listeners = new Set<(item: OutboxItem) => void | Promise<void>>()

/** Runs for every item the server has taken. */
export function onSent(run: (item: OutboxItem) => void | Promise<void>): () => void {
  listeners.add(run)
  return () => listeners.delete(run)
}

/** One tab sends; another that finds it busy leaves the work to it. */
const inOneTab = (work: () => Promise<void>) =>
  'locks' in navigator ? navigator.locks.request('yiwang-outbox', { ifAvailable: true }, (lock) => (lock ? work() : undefined)) : work()

async function open(): Promise<Outbox> {
  const outbox = createOutbox({
    shelf: await useShelf(),
    upload: (photo, to, onProgress, id) => uploadPhoto(photo, onProgress, { path: to, id }),
    post: (path, body) => ask('POST', path, { body }),
    alone: async (work) => void (await inOneTab(work)),
    onSent: async (item) => {
      for (const run of listeners) await run(item)
    },
  })
  await outbox.load()
  addEventListener('online', () => void outbox.run())
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void outbox.run())
  return outbox
}

export function useOutbox(): Promise<Outbox> {
  shared ??= open()
  return shared
}

export const PUBLIC_UPLOADS = `${API_BASE}/public/attachments`
