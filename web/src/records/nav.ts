/** The parts of administration and evaluation, each with the functions that open it. */
import {
  ArrowLeftRight, Blocks, BookOpenText, CalendarDays, ClipboardCheck, Gauge, Landmark, ListTree, LogIn, Map, MapPinned, MessageSquareQuote, Network, NotebookTabs, ScrollText, Settings2, Timer, Upload, UsersRound, Waypoints,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { MessageKey } from '@/i18n'

export interface NavItem {
  to: string
  label: MessageKey
  icon: Component
  /** Any of these functions opens it. */
  may: readonly string[]
}
const READ = ['configuration', 'configuration_read'] as const
export const administration: readonly { group: MessageKey; items: readonly NavItem[] }[] = [
  {
    group: 'records.group_organisation',
    items: [
      { to: '/admin/departments', label: 'admin.departments', icon: Network, may: [...READ, 'people', 'roster'] },
      { to: '/admin/people', label: 'people.title', icon: UsersRound, may: ['people', 'configuration'] },
      { to: '/admin/roster', label: 'roster.title', icon: ClipboardCheck, may: ['roster'] },
      { to: '/admin/duty-grids', label: 'roster.duty_grids', icon: MapPinned, may: [...READ, 'roster'] },
      { to: '/admin/divisions', label: 'admin.divisions', icon: ListTree, may: READ },
    ],
  },
  {
    group: 'records.group_rules',
    items: [
      { to: '/admin/catalogue', label: 'catalogue.title', icon: BookOpenText, may: READ },
      { to: '/admin/limits', label: 'catalogue.limits', icon: Timer, may: READ },
      { to: '/admin/calendar', label: 'calendar.title', icon: CalendarDays, may: READ },
      { to: '/admin/procedures', label: 'procedure.title', icon: Waypoints, may: READ },
      { to: '/admin/packs', label: 'register.packs', icon: Blocks, may: ['configuration'] },
      { to: '/admin/responsibility', label: 'admin.responsibility', icon: Landmark, may: READ },
      { to: '/admin/templates', label: 'admin.templates', icon: MessageSquareQuote, may: READ },
    ],
  },
  {
    group: 'records.group_operation',
    items: [
      { to: '/admin/settings', label: 'admin.settings', icon: Settings2, may: READ },
      { to: '/admin/basemaps', label: 'admin.basemaps', icon: Map, may: READ },
      { to: '/admin/import', label: 'admin.import', icon: Upload, may: ['configuration', 'people'] },
      { to: '/admin/transfers', label: 'transfer.title', icon: ArrowLeftRight, may: ['configuration'] },
      { to: '/admin/audit', label: 'audit.title', icon: LogIn, may: ['audit'] },
      { to: '/admin/check', label: 'check.title', icon: ScrollText, may: ['check'] },
    ],
  },
]
export const evaluation: readonly { group: MessageKey; items: readonly NavItem[] }[] = [
  {
    group: 'records.group_figures',
    items: [
      { to: '/evaluation', label: 'overview.title', icon: Gauge, may: ['overview'] },
      { to: '/evaluation/ledgers', label: 'ledger.title', icon: NotebookTabs, may: ['ledgers'] },
    ],
  },
]
