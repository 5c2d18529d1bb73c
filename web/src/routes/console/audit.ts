import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/audit', component: () => import('@/features/audit/AuditPage.vue'), meta: { title: 'audit.title' } }],
} satisfies ScreenModule
