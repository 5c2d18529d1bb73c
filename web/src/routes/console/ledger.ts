import type { ScreenModule } from '../screens'

export default {
  screens: [{ path: '/evaluation/ledgers', component: () => import('@/features/ledger/LedgerPage.vue'), meta: { title: 'ledger.title' } }],
} satisfies ScreenModule
