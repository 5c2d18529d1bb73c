import OutItem from '@/features/street/OutItem.vue'
import '@/offline/phone.css'
import type { ScreenModule } from '../screens'

/** What follows a send is there from the start: by then the line may be gone. */
export default {
  screens: [
    { path: '/log-in', component: () => import('@/features/street/LogIn.vue'), meta: { title: 'street.log_in' } },
    {
      path: '/',
      component: () => import('@/features/street/SignedIn.vue'),
      children: [
        { path: '', component: () => import('@/features/street/Today.vue'), meta: { title: 'street.today' } },
        { path: 'report', component: () => import('@/features/street/ReportPage.vue'), meta: { title: 'street.report' } },
        { path: 'out', component: () => import('@/features/street/OutPage.vue'), meta: { title: 'street.out' } },
        { path: 'out/:id', component: OutItem, meta: { title: 'street.out' } },
        { path: 'scan', component: () => import('@/features/street/ScanPage.vue'), meta: { title: 'street.scan' } },
        { path: 'k/:code(\\d{16,17})', component: () => import('@/features/street/ThingPage.vue'), meta: { title: 'street.thing' } },
        { path: 'survey', component: () => import('@/features/street/SurveysPage.vue'), meta: { title: 'street.surveys' } },
        { path: 'survey/:round', component: () => import('@/features/street/SurveyPage.vue'), meta: { title: 'street.survey' } },
        { path: 'survey/:round/new', component: () => import('@/features/street/CapturePage.vue'), meta: { title: 'street.survey_new' } },
        { path: 'survey/:round/:code(\\d{16,17})', component: () => import('@/features/street/CapturePage.vue'), meta: { title: 'street.survey' } },
        { path: 'me', component: () => import('@/features/street/MePage.vue'), meta: { title: 'street.me' } },
        { path: 'c/:id', component: () => import('@/features/street/CasePage.vue'), meta: { title: 'street.task' } },
        { path: 'c/:id/:step', component: () => import('@/features/street/StepPage.vue'), meta: { title: 'street.task' } },
      ],
    },
  ],
} satisfies ScreenModule
