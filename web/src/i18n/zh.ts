import { collect } from './collect'

export default collect(import.meta.glob<Record<string, unknown>>('./zh/*.ts', { eager: true, import: 'default' }))
