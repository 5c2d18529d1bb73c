/** What every product does before its first screen. */
import '@/ui/base.css'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { type Component, createApp } from 'vue'
import { type RouteRecordRaw, createRouter, createWebHistory } from 'vue-router'
import { createQueryClient } from '@/api'
import { i18n, preferredLocale, setLocale } from '@/i18n'
import NotFound from '@/ui/NotFound.vue'
import { startTheme } from '@/ui/theme'

export async function start(app: Component, base: string, routes: readonly RouteRecordRaw[]): Promise<void> {
  startTheme()
  // 300 faces are 98 KB of style sheet: nothing waits for it, the text is there in the system's font until it comes.
  void import('@/ui/fonts').catch(() => undefined)
  await setLocale(preferredLocale())
  const router = createRouter({
    history: createWebHistory(base),
    routes: [...routes, { path: '/:path(.*)*', component: NotFound }],
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })
  const product = createApp(app)
    .use(createPinia())
    .use(router)
    .use(i18n)
    .use(VueQueryPlugin, { queryClient: createQueryClient() })
  // The first screen is known before anything is drawn, so that nothing jumps.
  await router.isReady()
  product.mount('#app')
}
