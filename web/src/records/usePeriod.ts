/** A period in the URL, and the same as the API and the list of cases want it. */
import { computed } from 'vue'
import { useSession } from '@/api'
import { text, useUrlState } from '@/ui/useUrlState'
import { dayAfter, startOf } from './zone'

export function usePeriod() {
  const session = useSession()
  const url = useUrlState({ from: text(), to: text() })
  const zone = computed(() => session.me?.city?.zone ?? 'Asia/Shanghai')
  const from = computed(() => (url.from ? startOf(url.from, zone.value) : undefined))
  const to = computed(() => (url.to ? startOf(dayAfter(url.to), zone.value) : undefined))
  return {
    url,
    zone,
    /** As `from` and `to` in milliseconds, without what is open. */
    span: computed(() => ({ ...(from.value === undefined ? {} : { from: from.value }), ...(to.value === undefined ? {} : { to: to.value }) })),
    /** As filters of the list of cases. */
    filters: computed<Record<string, string>>(() => ({ ...(from.value === undefined ? {} : { reported_from: String(from.value) }), ...(to.value === undefined ? {} : { reported_to: String(to.value) }) })),
  }
}
