import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/procedures', component: () => import('@/features/procedure/ProceduresPage.vue'), meta: { title: 'procedure.title' } }],
} satisfies ScreenModule
