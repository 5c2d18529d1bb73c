import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/admin/grids', component: () => import('@/features/grid/GridsPage.vue'), meta: { title: 'grid.title' } },
    { path: '/admin/rotation', component: () => import('@/features/grid/RotationPage.vue'), meta: { title: 'grid.rotation' } },
  ],
} satisfies ScreenModule
