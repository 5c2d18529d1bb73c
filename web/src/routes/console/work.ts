import { Inbox } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/work', component: () => import('@/features/case/WorkPage.vue'), meta: { title: 'work.title' } }],
  rail: [
    {
      to: '/work',
      label: 'duties.my_work',
      icon: Inbox,
      go: 'w',
      order: 10,
      roles: ['intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'collector', 'leader', 'supervisor'],
    },
  ],
} satisfies ScreenModule
