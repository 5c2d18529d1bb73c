import { routes } from '@/routes/console'
import App from './ConsoleApp.vue'
import { start } from './start'

void start(App, '/', routes)
