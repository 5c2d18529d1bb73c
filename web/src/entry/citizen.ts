import { routes } from '@/routes/citizen'
import App from './CitizenApp.vue'
import { start } from './start'

void start(App, '/citizen/', routes)
