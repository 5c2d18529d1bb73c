/** What differs between two versions of a record, leaf by leaf, as people read it. */

export interface Difference {
  /** `name.zh`, `posts[1].role` */
  path: string
  before: unknown
  after: unknown
}

const isLeaf = (value: unknown): boolean => value === null || typeof value !== 'object' || (Array.isArray(value) && value.every((one) => one === null || typeof one !== 'object'))

/** Fields the store keeps for itself. */
const HIDDEN = new Set(['version'])

export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const both = [before, after]
  if (both.every((value) => value === undefined || isLeaf(value))) return [{ path, before, after }]
  const parts = both.map((value) => (value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}))
  const names = [...new Set(parts.flatMap(Object.keys))].filter((name) => path !== '' || !HIDDEN.has(name))
  const inList = both.some(Array.isArray)
  return names.flatMap((name) => differences(parts[0]?.[name], parts[1]?.[name], inList ? `${path}[${name}]` : path ? `${path}.${name}` : name))
}

/** A value in a few words; nothing for what is not there. */
export function inWords(value: unknown): string {
  if (value === undefined || value === null || value === '') return ''
  if (Array.isArray(value)) return value.map(inWords).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}
