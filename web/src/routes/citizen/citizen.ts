import Sent from '@/features/citizen/Sent.vue'
import '@/offline/phone.css'
import type { ScreenModule } from '../screens'

/** What follows a send is there from the start: by then the line may be gone. */
export default {
  screens: [
    { path: '/', component: () => import('@/features/citizen/Home.vue') },
    { path: '/report', component: () => import('@/features/citizen/Report.vue'), meta: { title: 'citizen.report' } },
    { path: '/sent/:id', component: Sent, meta: { title: 'citizen.your_report' } },
    { path: '/c/:code(\\d{16,17})', component: () => import('@/features/citizen/ComponentPage.vue'), meta: { title: 'citizen.component' } },
    { path: '/f/:secret', component: () => import('@/features/citizen/Case.vue'), meta: { title: 'citizen.your_report' } },
  ],
} satisfies ScreenModule
