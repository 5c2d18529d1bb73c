import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/surveys', component: () => import('@/features/survey/SurveysPage.vue'), meta: { title: 'survey.title' } },
    { path: '/ownership', component: () => import('@/features/survey/OwnershipPage.vue'), meta: { title: 'survey.ownership' } },
    { path: '/surveys/:id', component: () => import('@/features/survey/SurveyPage.vue'), meta: { title: 'survey.title' } },
  ],
} satisfies ScreenModule
