/** Every screen of the console product: one file per feature in `console/`, found by itself. Start reading there. */
import type { RouteRecordRaw } from 'vue-router'
import { type ScreenModule, collectScreens } from './screens'

const modules = import.meta.glob<ScreenModule>('./console/*.ts', { eager: true, import: 'default' })
export const { screens, rail } = collectScreens(modules)

export const routes: RouteRecordRaw[] = screens
if (import.meta.env.DEV) routes.push({ path: '/gallery', component: () => import('@/gallery/Gallery.vue'), meta: { bare: true } })
