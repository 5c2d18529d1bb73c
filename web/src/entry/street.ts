import { routes } from '@/routes/street'
import App from './StreetApp.vue'
import { start } from './start'

void start(App, '/street/', routes)

// The page opens without signal once it has been opened with one. Browsers allow it on secure addresses only.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  void navigator.serviceWorker.register('/street/sw.js', { scope: '/street/' }).catch(() => {})
}
