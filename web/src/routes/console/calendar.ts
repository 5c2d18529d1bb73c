import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/admin/calendar', component: () => import('@/features/calendar/CalendarPage.vue'), meta: { title: 'calendar.title' } }],
} satisfies ScreenModule
