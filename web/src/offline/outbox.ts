/**
 * Everything a phone has to send waits here until the server has it: reports, steps, photos. Items are sent one by
 * one in the order they were made, photos first, under ids made on the phone, so that sending twice does once.
 * An item leaves only as sent, or by the person's own hand.
 */
import { type Ref, ref } from 'vue'
import { ProblemError } from '@/api'
import { type KeptPhoto, evidenceOf } from './photos'
import { DRAFTS, type Shelf } from './shelf'

export type SendingState = 'waiting' | 'sending' | 'sent' | 'refused'

export interface OutboxItem {
  /** UUIDv7, also the id of the report or command at the server. */
  id: string
  /** Whose it is: nobody else's session sends it. */
  owner: string
  /** What it is, for the screens: `report`, or the word of a step. */
  kind: string
  /** In words, as the person knows it. */
  title: string
  /** The case it belongs to: later items of the same case wait for earlier ones. */
  about: string | null
  path: string
  body: Record<string, unknown>
  /** Where the photos go in the body: with their kinds, or their ids alone. */
  photosAs: 'evidence' | 'photos'
  uploadTo: string
  photos: KeptPhoto[]
  state: SendingState
  /** Photo being sent, from 1; 0 when none is. */
  sendingPhoto: number
  /** Why it was refused or is not sent yet, in words; null while there is nothing to say. */
  because: string | null
  tries: number
  madeAt: number
  /** Not before. */
  tryAt: number
  sentAt: number | null
  answer: unknown
  /** The form it came from, to be written again when it is refused. */
  form: { draft: string; value: unknown; to: string } | null
}
export type NewItem = Pick<OutboxItem, 'id' | 'owner' | 'kind' | 'title' | 'about' | 'path' | 'body' | 'photos'> & Partial<Pick<OutboxItem, 'photosAs' | 'uploadTo' | 'form'>>

export interface OutboxDoors {
  shelf: Shelf
  upload: (photo: Blob, to: string, onProgress: (part: number) => void, id: string) => Promise<{ id: string }>
  post: (path: string, body: unknown) => Promise<unknown>
  now?: () => number
  /** Runs the work in one page at a time, when several are open. */
  alone?: (work: () => Promise<void>) => Promise<void>
  /** Called once the server has it, before its photos are thrown away. */
  onSent?: (item: OutboxItem) => void | Promise<void>
}

const PREFIX = 'outbox:'
const FIRST_WAIT_MS = 4_000
const LONGEST_WAIT_MS = 5 * 60_000
/** Sent items stay visible this long. */
const KEEP_SENT_MS = 3 * 24 * 3_600_000

/** What a failure means for the item: try again later, ask to sign in, or tell the person. */
export function verdict(error: unknown): 'later' | 'sign_in' | 'refused' {
  if (!(error instanceof ProblemError)) return 'later'
  if (error.status === 401) return 'sign_in'
  if (error.status === 0 || error.status === 408 || error.status === 425 || error.status === 429 || error.status >= 500) return 'later'
  return 'refused'
}

/** Doubles from four seconds to five minutes. */
export const waitAfter = (tries: number): number => Math.min(FIRST_WAIT_MS * 2 ** Math.max(0, tries - 1), LONGEST_WAIT_MS)

/** The reason with every field the server named. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return error instanceof Error ? error.message : String(error)
  const fields = error.errors.map((one) => one.message).filter(Boolean)
  return fields.length > 0 ? fields.join('；') : error.message
}

/** The server no longer knows a photo it had: sent so long ago, or to another server. */
const photoForgotten = (error: unknown) =>
  error instanceof ProblemError && error.status === 422 && error.errors.some((one) => /^(evidence|photos)/.test(one.field) && /unknown|missing|not_found/.test(one.code))

export interface Outbox {
  items: Ref<OutboxItem[]>
  /** Share of the photo being sent, by item. */
  progress: Ref<Record<string, number>>
  /** Reads what an earlier page left; items it was sending wait again. */
  load(): Promise<void>
  /** Keeps the item, then tries to send. The promise is done when it is kept. */
  put(item: NewItem): Promise<void>
  /** Sends what is due. Safe to call at any time. */
  run(): Promise<void>
  /** A refused or waiting item, now. */
  retry(id: string): Promise<void>
  /** Back to its form, with words and photos; resolves to where that is. */
  takeBack(id: string): Promise<string | null>
  /** The person gives the item up. */
  discard(id: string): Promise<void>
  /** Whose items are sent; null sends nothing. */
  setOwner(owner: string | null): void
}

export function createOutbox(doors: OutboxDoors): Outbox {
  const { shelf, upload, post } = doors
  const now = doors.now ?? Date.now
  const alone = doors.alone ?? ((work) => work())
  const items = ref<OutboxItem[]>([])
  const progress = ref<Record<string, number>>({})
  let owner: string | null = null
  let running: Promise<void> | null = null
  let again = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const find = (id: string) => items.value.find((item) => item.id === id)
  async function patch(id: string, change: Partial<OutboxItem>) {
    items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item))
    const item = find(id)
    if (item) await shelf.put(PREFIX + id, item)
  }

  async function load() {
    const kept = await shelf.all<OutboxItem>(PREFIX)
    const old = kept.filter((item) => item.state === 'sent' && (item.sentAt ?? 0) < now() - KEEP_SENT_MS)
    for (const item of old) await shelf.remove(PREFIX + item.id)
    items.value = kept
      .filter((item) => !old.includes(item))
      .map((item) => (item.state === 'sending' && !running ? { ...item, state: 'waiting' as const, sendingPhoto: 0 } : item))
      .sort((a, b) => a.madeAt - b.madeAt)
  }

  async function put(item: NewItem) {
    if (find(item.id)) return run()
    const whole: OutboxItem = {
      photosAs: 'evidence', uploadTo: '/api/attachments', form: null, ...item,
      state: 'waiting', sendingPhoto: 0, because: null, tries: 0, madeAt: now(), tryAt: 0, sentAt: null, answer: null,
    }
    await shelf.put(PREFIX + whole.id, whole)
    if (find(whole.id)) return run()
    items.value = [...items.value, whole]
    void run()
  }

  /** The next item that is due and not behind another of the same case. */
  function next(): OutboxItem | undefined {
    const mine = items.value.filter((item) => item.owner === owner && item.state === 'waiting')
    return mine.find((item) => item.tryAt <= now() && !mine.some((other) => other !== item && other.about !== null && other.about === item.about && other.madeAt < item.madeAt))
  }

  async function sendPhotos(id: string) {
    const photos = find(id)?.photos ?? []
    for (const [index, photo] of photos.entries()) {
      if (photo.attachment) continue
      const blob = await shelf.photo(photo.id)
      if (!blob) continue
      await patch(id, { sendingPhoto: index + 1 })
      const to = find(id)?.uploadTo ?? '/api/attachments'
      const { id: attachment } = await upload(blob, to, (part) => (progress.value = { ...progress.value, [id]: part }), photo.id)
      const current = find(id)?.photos ?? []
      await patch(id, { photos: current.map((one) => (one.id === photo.id ? { ...one, attachment } : one)) })
    }
    await patch(id, { sendingPhoto: 0 })
  }
  async function deliver(id: string): Promise<unknown> {
    await sendPhotos(id)
    const item = find(id)
    if (!item) return null
    const evidence = evidenceOf(item.photos)
    const photos = item.photosAs === 'evidence' ? { evidence } : { photos: evidence.map((one) => one.attachment) }
    return post(item.path, { ...item.body, ...(item.photos.length > 0 ? photos : {}) })
  }

  async function sendOne(id: string) {
    await patch(id, { state: 'sending', because: null })
    try {
      let answer: unknown
      try {
        answer = await deliver(id)
      } catch (error) {
        const item = find(id)
        if (!item || !photoForgotten(error)) throw error
        await patch(id, { photos: item.photos.map(({ attachment: _, ...photo }) => photo) })
        answer = await deliver(id)
      }
      await patch(id, { state: 'sent', sentAt: now(), answer, because: null, sendingPhoto: 0 })
      const item = find(id)
      if (item) {
        await doors.onSent?.(item)
        await shelf.removePhotos(item.photos.map((photo) => photo.id))
      }
    } catch (error) {
      const tries = (find(id)?.tries ?? 0) + 1
      const kind = verdict(error)
      if (kind === 'refused') await patch(id, { state: 'refused', because: reasonOf(error), tries, sendingPhoto: 0 })
      else await patch(id, { state: 'waiting', because: kind === 'sign_in' ? reasonOf(error) : null, tries, tryAt: now() + waitAfter(tries), sendingPhoto: 0 })
      if (kind === 'sign_in') owner = null
    } finally {
      const { [id]: _, ...rest } = progress.value
      progress.value = rest
    }
  }

  async function work() {
    for (;;) {
      const item = next()
      if (!item) return
      // Another page may have sent it meanwhile.
      const kept = await shelf.get<OutboxItem>(PREFIX + item.id)
      if (!kept) items.value = items.value.filter((other) => other.id !== item.id)
      else if (kept.state === 'sent') items.value = items.value.map((other) => (other.id === item.id ? kept : other))
      else await sendOne(item.id)
    }
  }
  function sleep() {
    clearTimeout(timer)
    const times = items.value.filter((item) => item.state === 'waiting' && item.owner === owner).map((item) => item.tryAt)
    if (times.length > 0) timer = setTimeout(() => void run(), Math.max(500, Math.min(...times) - now()))
  }
  function run(): Promise<void> {
    if (running) {
      again = true
      return running
    }
    running = (async () => {
      try {
        do {
          again = false
          await alone(work)
        } while (again)
      } finally {
        running = null
        sleep()
      }
    })()
    return running
  }

  return {
    items,
    progress,
    load,
    put,
    run,
    async retry(id) {
      await patch(id, { state: 'waiting', tryAt: 0, because: null })
      await run()
    },
    async takeBack(id) {
      const item = find(id)
      if (!item?.form || item.state === 'sending' || item.state === 'sent') return null
      await shelf.put(DRAFTS + item.form.draft, item.form.value)
      await shelf.remove(PREFIX + id)
      items.value = items.value.filter((other) => other.id !== id)
      return item.form.to
    },
    async discard(id) {
      const item = find(id)
      if (!item || item.state === 'sending') return
      await shelf.remove(PREFIX + id)
      await shelf.removePhotos(item.photos.map((photo) => photo.id))
      items.value = items.value.filter((other) => other.id !== id)
    },
    setOwner(next) {
      owner = next
      if (next !== null) void run()
    },
  }
}
