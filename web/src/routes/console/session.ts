import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/', component: () => import('@/features/session/HomePage.vue') },
    { path: '/login', component: () => import('@/features/session/LoginPage.vue'), meta: { bare: true, title: 'session.title' } },
    { path: '/password', component: () => import('@/features/session/PasswordPage.vue'), meta: { bare: true, title: 'session.change_password' } },
  ],
} satisfies ScreenModule
