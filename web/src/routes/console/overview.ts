import { ChartColumn } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/evaluation', component: () => import('@/features/overview/OverviewPage.vue'), meta: { title: 'overview.title' } }],
  rail: [{ to: '/evaluation', label: 'duties.evaluation', icon: ChartColumn, go: 'e', order: 60, roles: ['shift_leader', 'dispatcher', 'leader', 'supervisor', 'department_officer'] }],
} satisfies ScreenModule
