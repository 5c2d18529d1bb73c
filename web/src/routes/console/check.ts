import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/check', component: () => import('@/features/check/CheckPage.vue'), meta: { title: 'check.title' } }],
} satisfies ScreenModule
