import { Settings } from '@lucide/vue'
import type { ScreenModule } from '../screens'

export default {
  screens: [
    { path: '/admin', component: () => import('@/features/admin/AdminHome.vue'), meta: { title: 'duties.administration' } },
    { path: '/admin/departments', component: () => import('@/features/admin/DepartmentsPage.vue'), meta: { title: 'admin.departments' } },
    { path: '/admin/divisions', component: () => import('@/features/admin/DivisionsPage.vue'), meta: { title: 'admin.divisions' } },
    { path: '/admin/responsibility', component: () => import('@/features/admin/ResponsibilityPage.vue'), meta: { title: 'admin.responsibility' } },
    { path: '/admin/templates', component: () => import('@/features/admin/TemplatesPage.vue'), meta: { title: 'admin.templates' } },
    { path: '/admin/settings', component: () => import('@/features/admin/SettingsPage.vue'), meta: { title: 'admin.settings' } },
    { path: '/admin/basemaps', component: () => import('@/features/admin/BasemapsPage.vue'), meta: { title: 'admin.basemaps' } },
    { path: '/admin/import', component: () => import('@/features/admin/ImportPage.vue'), meta: { title: 'admin.import' } },
    { path: '/me', component: () => import('@/features/admin/MePage.vue'), meta: { title: 'common.me' } },
  ],
  rail: [
    {
      to: '/admin',
      label: 'duties.administration',
      icon: Settings,
      go: 'a',
      order: 70,
      roles: ['system_admin', 'security_admin', 'audit_admin', 'intake_operator', 'shift_leader', 'dispatcher', 'leader'],
    },
  ],
} satisfies ScreenModule
