/** A form that survives a reload: its words on the shelf a moment after each change, its photos at once. */
import { type Reactive, type Ref, onScopeDispose, reactive, ref, watch } from 'vue'
import type { KeptPhoto } from './photos'
import { DRAFTS, type Shelf, useShelf } from './shelf'

export interface Draft<T extends object> {
  /** What is being written. */
  value: Reactive<T>
  /** Whether an earlier draft has been looked for; before that nothing is shown. */
  ready: Ref<boolean>
  /** Whether something was found. */
  restored: Ref<boolean>
  /** Whether this browser keeps drafts at all. */
  durable: Ref<boolean>
  /** Writes now. */
  save(): Promise<void>
  /** Forgets the draft and starts again; its photos go too unless they were handed on. */
  clear(options?: { keepPhotos?: boolean }): Promise<void>
}

const DELAY_MS = 250

export function useDraft<T extends { photos: KeptPhoto[] }>(name: string, fresh: () => T, shelf: Promise<Shelf> = useShelf()): Draft<T> {
  const key = DRAFTS + name
  const value = reactive(fresh()) as Reactive<T>
  const ready = ref(false)
  const restored = ref(false)
  const durable = ref(true)
  let timer: ReturnType<typeof setTimeout> | undefined
  let gone = false

  async function save() {
    clearTimeout(timer)
    timer = undefined
    if (ready.value && !gone) await (await shelf).put(key, value)
  }
  void shelf
    .then(async (opened) => {
      durable.value = opened.durable
      const found = await opened.get<T>(key)
      if (found) {
        Object.assign(value, found)
        restored.value = true
      }
    })
    // A draft that cannot be read must not keep anybody from writing a new one.
    .catch(() => (durable.value = false))
    .finally(() => (ready.value = true))

  watch(
    value,
    () => {
      if (!ready.value) return
      clearTimeout(timer)
      timer = setTimeout(() => void save(), DELAY_MS)
    },
    { deep: true },
  )
  const leaving = () => timer !== undefined && void save()
  addEventListener('pagehide', leaving)
  document.addEventListener('visibilitychange', leaving)
  onScopeDispose(() => {
    leaving()
    removeEventListener('pagehide', leaving)
    document.removeEventListener('visibilitychange', leaving)
  })

  return {
    value,
    ready,
    restored,
    durable,
    save,
    async clear({ keepPhotos = false } = {}) {
      clearTimeout(timer)
      timer = undefined
      const photos = [...value.photos]
      gone = true
      for (const field of Object.keys(value)) delete (value as Record<string, unknown>)[field]
      Object.assign(value, fresh())
      restored.value = false
      const opened = await shelf
      await opened.remove(key)
      if (!keepPhotos) await opened.removePhotos(photos.map((photo) => photo.id))
      clearTimeout(timer)
      timer = undefined
      gone = false
    },
  }
}
