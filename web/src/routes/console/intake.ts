import { PhoneCall } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/intake', component: () => import('@/features/intake/IntakePage.vue'), meta: { title: 'intake.title' } }],
  rail: [{ to: '/intake', label: 'intake.title', icon: PhoneCall, go: 'i', order: 15, roles: ['intake_operator'] }],
} satisfies ScreenModule
