import { collect } from './collect'

export default collect(import.meta.glob<Record<string, unknown>>('./en/*.ts', { eager: true, import: 'default' }))
