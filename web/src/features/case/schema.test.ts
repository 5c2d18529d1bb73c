import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Schema {
  properties?: Record<string, unknown>
  allOf?: Schema[]
  $ref?: string
}
const document = resolve(import.meta.dirname, '../../../openapi.json')
const source = readFileSync(resolve(import.meta.dirname, 'types.ts'), 'utf8')

/** Fields of each interface in `types.ts`, with those it extends. */
function ours(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [, name, parent, inside] of source.matchAll(/export interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)\n\}/g)) {
    const own = [...(inside ?? '').matchAll(/^ {2}(\w+)\??:/gm)].map((field) => field[1] ?? '')
    found.set(name ?? '', [...(parent ? (found.get(parent) ?? []) : []), ...own])
  }
  return found
}

describe.skipIf(!existsSync(document))('the shapes of the API', () => {
  const schemas = existsSync(document) ? ((JSON.parse(readFileSync(document, 'utf8')) as { components: { schemas: Record<string, Schema> } }).components.schemas) : {}
  const fields = (schema: Schema): string[] => [
    ...Object.keys(schema.properties ?? {}),
    ...(schema.allOf ?? []).flatMap(fields),
    ...(schema.$ref ? fields(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : []),
  ]
  it.each([...ours()].filter(([name]) => schemas[name]))('%s is what the server sends', (name, known) => {
    const sent = fields(schemas[name] ?? {})
    // The browser may know less than is sent, never more.
    expect(known.filter((field) => !sent.includes(field))).toEqual([])
  })
  it('are most of those the screens use', () => {
    expect([...ours().keys()].filter((name) => schemas[name]).length).toBeGreaterThan(25)
  })
})
