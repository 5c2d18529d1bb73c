import { NotebookText } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/registers', component: () => import('@/features/register/RegistersPage.vue'), meta: { title: 'register.title' } },
    { path: '/registers/:register', component: () => import('@/features/register/RegisterPage.vue'), props: true, meta: { title: 'register.title' } },
    { path: '/registers/:register/new', component: () => import('@/features/register/NewEntryPage.vue'), props: true, meta: { title: 'register.title' } },
    { path: '/registers/:register/:code', component: () => import('@/features/register/EntryPage.vue'), props: true, meta: { title: 'register.title' } },
    { path: '/registers/:register/:code/inspect/:plan', component: () => import('@/features/register/InspectPage.vue'), props: true, meta: { title: 'register.inspections' } },
    { path: '/admin/packs', component: () => import('@/features/register/PacksPage.vue'), meta: { title: 'register.packs' } },
  ],
  rail: [
    {
      to: '/registers',
      label: 'register.title',
      icon: NotebookText,
      go: 'r',
      order: 45,
      roles: ['intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'collector', 'leader', 'supervisor', 'system_admin'],
    },
  ],
} satisfies ScreenModule
