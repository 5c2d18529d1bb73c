import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/places', component: () => import('@/features/places/PlacesPage.vue'), meta: { title: 'places.title' } }],
} satisfies ScreenModule
