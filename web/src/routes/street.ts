/** Every screen of the street product: one file per feature in `street/`, found by itself. Start reading there. */
import type { RouteRecordRaw } from 'vue-router'
import { type ScreenModule, collectScreens } from './screens'

const modules = import.meta.glob<ScreenModule>('./street/*.ts', { eager: true, import: 'default' })
const { screens } = collectScreens(modules)

export const routes: RouteRecordRaw[] = screens
