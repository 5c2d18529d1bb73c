import { Map } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/map', component: () => import('@/features/map/MapPage.vue'), meta: { title: 'mapview.title' } }],
  rail: [{ to: '/map', label: 'duties.map', icon: Map, go: 'm', order: 20, roles: ['intake_operator', 'shift_leader', 'dispatcher', 'leader', 'supervisor', 'department_officer', 'system_admin'] }],
} satisfies ScreenModule
