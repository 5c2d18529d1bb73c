/** What a citizen may report in this city, and whom to call; remembered for pages opened without a line. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { ask } from '@/offline/ask'
import { basemapOf, keep, kept } from '@/offline/city'
import type { Offer } from './wire'

const KEPT = 'yiwang.citizen.offer'

export function useOffer() {
  const known = kept<Offer>(KEPT)
  const query = useQuery({
    queryKey: ['offer'],
    queryFn: async () => keep(KEPT, await ask<Offer>('GET', '/api/public/services')),
    staleTime: 10 * 60_000,
    ...(known ? { placeholderData: known } : {}),
  })
  return {
    city: computed(() => query.data.value?.city ?? null),
    phone: computed(() => query.data.value?.phone ?? ''),
    services: computed(() => query.data.value?.services ?? []),
    basemap: computed(() => basemapOf(query.data.value?.city)),
  }
}
