/** Who is signed in, asked once at the start and again after signing in; and signing out. */
import type { QueryClient } from '@tanstack/vue-query'
import { ProblemError, useSession } from '@/api'
import type { City, Me } from '@/api/session'
import { ask, tell } from '@/features/case/api'
import type { DepartmentView, PersonView } from '@/features/case/types'
import { currentLocale } from '@/i18n'
import { type BasemapView, offer } from '@/map/basemaps'
import { basemapFile, cityBasemap } from '@/map/style'
import { setCityTimeZone } from '@/ui/time'

export interface PostView {
  role: string
  department: DepartmentView
  areas: string[]
  classes: string[]
}
export interface MeView {
  person: PersonView
  account: string
  department: DepartmentView
  city: City & { now_at: number }
  posts: PostView[]
  roles: string[]
  may: string[]
  must_change_password: boolean
}
export interface LoginOptions {
  city: City | null
  oidc: { id: string; name: string }[]
  demo_accounts: { account: string; password: string; role: string; name: { zh: string; en: string }; department: { zh: string; en: string } }[]
}
const pick = (words: { zh: string; en: string }) => (currentLocale() === 'en' ? words.en : words.zh)

export function asMe(view: MeView): Me {
  return {
    id: String(view.person.id),
    name: pick(view.person.name),
    roles: view.roles,
    department: pick(view.department.name),
    departmentId: view.department.id,
    account: view.account,
    may: view.may,
    city: view.city,
    mustChangePassword: view.must_change_password,
  }
}
function signedIn(view: MeView): void {
  setCityTimeZone(view.city.zone)
  cityBasemap.value = basemapFile(view.city.basemap)
  // The page does not wait for it: until then the city's own file is shown.
  void ask<{ basemaps: BasemapView[] }>('/api/basemaps').then(({ basemaps }) => offer(basemaps), () => {})
  useSession().signedIn(asMe(view))
}
/** Asks who is signed in. Nobody is an answer too; a lost line is not, and is thrown. */
export async function loadSession(): Promise<void> {
  try {
    signedIn(await ask<MeView>('/api/me'))
  } catch (error) {
    if (ProblemError.unreached(error).status !== 401) throw error
    useSession().signedOut()
  }
}
export async function signIn(account: string, password: string): Promise<void> {
  signedIn(await tell<MeView>('POST', '/api/session', { account, password }))
}
export async function signOut(client: QueryClient): Promise<void> {
  await tell<void>('DELETE', '/api/session').catch(() => {})
  useSession().signedOut()
  client.clear()
}
export const changePassword = (old: string, fresh: string) => tell<void>('POST', '/api/me/password', { old, new: fresh })
export const loginOptions = (signal?: AbortSignal) => ask<LoginOptions>('/api/login-options', {}, signal)
