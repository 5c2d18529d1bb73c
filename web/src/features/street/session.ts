/** Who works with this phone. Remembered, so that a shift in a cellar can go on; the server still decides everything. */
import { computed, ref } from 'vue'
import { ProblemError, onSignedOut, useSession } from '@/api'
import { ask } from '@/offline/ask'
import { basemapOf, keep, kept } from '@/offline/city'
import { useOutbox } from '@/offline/useOutbox'
import { say } from '@/offline/wire'
import { forgetSeen } from './lastSeen'
import type { MeView } from './wire'

const KEPT = 'yiwang.street.me'
const me = ref<MeView | null>(null)
/** Whether the server has confirmed it in this page. */
const confirmed = ref(false)

export const ownerOf = (view: MeView) => `${view.city.code}:${view.person.id}`

function take(view: MeView) {
  me.value = view
  useSession().signedIn({ id: String(view.person.id), name: say(view.person.name), roles: view.roles, department: say(view.department.name) })
  void useOutbox().then((outbox) => outbox.setOwner(ownerOf(view)))
}
function drop() {
  me.value = null
  confirmed.value = false
  localStorage.removeItem(KEPT)
  void forgetSeen()
  useSession().signedOut()
  void useOutbox().then((outbox) => outbox.setOwner(null))
}

/** True when somebody is signed in, or was when the line was last there. */
export async function loadMe(): Promise<boolean> {
  if (confirmed.value) return true
  try {
    take(keep(KEPT, await ask<MeView>('GET', '/api/me')))
    confirmed.value = true
    return true
  } catch (error) {
    if (error instanceof ProblemError && error.isOffline) {
      const known = kept<MeView>(KEPT)
      if (known) take(known)
      return known !== undefined
    }
    if (error instanceof ProblemError && error.status === 401) {
      drop()
      return false
    }
    throw error
  }
}
export async function logIn(account: string, password: string): Promise<void> {
  take(keep(KEPT, await ask<MeView>('POST', '/api/session', { body: { account, password } })))
  confirmed.value = true
}
export async function logOut(): Promise<void> {
  await ask('DELETE', '/api/session').catch(() => undefined)
  drop()
}
/** The session ended while a screen was open. */
export function whenSignedOut(run: () => void): void {
  onSignedOut(() => {
    if (!confirmed.value) return
    drop()
    run()
  })
}

export function useMe() {
  return {
    me: computed(() => me.value),
    city: computed(() => me.value?.city ?? null),
    basemap: computed(() => basemapOf(me.value?.city)),
    has: (role: string) => me.value?.roles.includes(role) ?? false,
  }
}
