/** What the rows of a file become, as the address has it: `?to=register&register=shop`. */
import { type WritableComputedRef, computed } from 'vue'
import { type Target, collectionOf } from '@/registry/transfer'
import { choice, text, useUrlState } from '@/ui/useUrlState'

export const sameTarget = (a: Target, b: Target): boolean => a.to === b.to && collectionOf(a) === collectionOf(b)
export function useTarget(): WritableComputedRef<Target> {
  const url = useUrlState({ to: choice(['components', 'register', 'addresses'] as const, 'components'), register: text() })
  return computed({
    get: () => (url.to === 'register' ? { to: url.to, register: url.register } : { to: url.to }),
    set: (target: Target) => {
      url.to = target.to
      url.register = target.to === 'register' ? target.register : ''
    },
  })
}
/** Where what was brought in is seen. */
export const pageOf = (target: Target): string => ({ components: '/components', addresses: '/admin/places', register: `/registers/${collectionOf(target)}` })[target.to]
