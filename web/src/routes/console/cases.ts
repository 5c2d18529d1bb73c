import { FolderOpen } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/cases', component: () => import('@/features/case/CasesPage.vue'), meta: { title: 'case.list_title' } },
    { path: '/cases/:id', component: () => import('@/features/case/CasePage.vue'), props: true, meta: { title: 'case.title' } },
  ],
  rail: [
    {
      to: '/cases',
      label: 'duties.cases',
      icon: FolderOpen,
      go: 'c',
      order: 30,
      roles: ['intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'collector', 'leader', 'supervisor'],
    },
  ],
} satisfies ScreenModule
