import { routes } from '@/routes/street'
import App from './StreetApp.vue'
import { start } from './start'

void start(App, '/street/', routes)
