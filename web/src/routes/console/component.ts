import { Boxes } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/components', component: () => import('@/features/component/ComponentsPage.vue'), meta: { title: 'component.title' } },
    { path: '/components/new', component: () => import('@/features/component/NewComponentPage.vue'), meta: { title: 'component.register' } },
    { path: '/components/:code(\\d{16,17})', component: () => import('@/features/component/ComponentPage.vue'), meta: { title: 'component.one' } },
    { path: '/components/:code(\\d{16,17})/label', component: () => import('@/features/component/LabelPage.vue'), meta: { title: 'registry.print_label', bare: true } },
    { path: '/edits', component: () => import('@/features/component/EditsPage.vue'), meta: { title: 'component.edits' } },
    { path: '/edits/:id', component: () => import('@/features/component/EditPage.vue'), meta: { title: 'component.edits' } },
  ],
  rail: [{ to: '/components', also: ['/edits', '/surveys', '/ownership'], label: 'duties.things', icon: Boxes, go: 't', order: 40 }],
} satisfies ScreenModule
