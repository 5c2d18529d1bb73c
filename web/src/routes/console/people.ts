import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/people', component: () => import('@/features/people/PeoplePage.vue'), meta: { title: 'people.title' } }],
} satisfies ScreenModule
