/** What this phone still has to send for its owner, and the links that come back. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Outbox, OutboxItem } from '@/offline/outbox'
import { onSent, useOutbox } from '@/offline/useOutbox'
import { useOwnReports } from './ownReports'
import type { PublicReported } from './wire'

export const CITIZEN = 'citizen'

/** The answer to a report carries the secret; it is kept before anything else happens. */
onSent((item) => {
  const answer = item.answer as Partial<PublicReported> | null
  if (item.owner === CITIZEN && item.kind === 'report' && answer?.secret && answer.number) {
    useOwnReports().remember({ secret: answer.secret, number: answer.number, title: item.title, at: item.madeAt })
  }
})

export function useSending() {
  const outbox = shallowRef<Outbox | null>(null)
  const ready = ref(false)
  let gone = false
  const opened = useOutbox().then((box) => {
    if (gone) return box
    outbox.value = box
    box.setOwner(CITIZEN)
    ready.value = true
    return box
  })
  onScopeDispose(() => (gone = true))
  const items = computed<OutboxItem[]>(() => (outbox.value?.items.value ?? []).filter((item) => item.owner === CITIZEN))
  return {
    opened,
    ready,
    items,
    unsent: computed(() => items.value.filter((item) => item.state !== 'sent')),
    progress: computed(() => outbox.value?.progress.value ?? {}),
    retry: () => void opened.then(async (box) => {
      for (const item of items.value) if (item.state === 'waiting') await box.retry(item.id)
    }),
  }
}
