import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/admin/roster', component: () => import('@/features/roster/RosterPage.vue'), meta: { title: 'roster.title' } },
    { path: '/admin/duty-grids', component: () => import('@/features/roster/DutyGridsPage.vue'), meta: { title: 'roster.duty_grids' } },
  ],
} satisfies ScreenModule
