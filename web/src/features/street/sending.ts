/** What this person's phone still has to send. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Outbox, OutboxItem } from '@/offline/outbox'
import { useOutbox } from '@/offline/useOutbox'
import { ownerOf, useMe } from './session'

export function useSending() {
  const { me } = useMe()
  const outbox = shallowRef<Outbox | null>(null)
  const ready = ref(false)
  let gone = false
  const opened = useOutbox().then((box) => {
    if (!gone) {
      outbox.value = box
      ready.value = true
    }
    return box
  })
  onScopeDispose(() => (gone = true))
  const owner = computed(() => (me.value ? ownerOf(me.value) : ''))
  const items = computed<OutboxItem[]>(() => (outbox.value?.items.value ?? []).filter((item) => item.owner === owner.value))
  return {
    opened,
    ready,
    owner,
    items,
    unsent: computed(() => items.value.filter((item) => item.state !== 'sent')),
    progress: computed(() => outbox.value?.progress.value ?? {}),
  }
}
