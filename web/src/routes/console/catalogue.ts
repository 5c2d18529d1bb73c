import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/admin/catalogue', component: () => import('@/features/catalogue/CataloguePage.vue'), meta: { title: 'catalogue.title' } },
    { path: '/admin/limits', component: () => import('@/features/catalogue/LimitsPage.vue'), meta: { title: 'catalogue.limits' } },
  ],
} satisfies ScreenModule
