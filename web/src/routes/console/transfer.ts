import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/admin/transfers', component: () => import('@/features/transfer/TransfersPage.vue'), meta: { title: 'transfer.title' } },
    { path: '/admin/transfers/:id', component: () => import('@/features/transfer/TransferPage.vue'), props: true, meta: { title: 'transfer.title' } },
  ],
} satisfies ScreenModule
