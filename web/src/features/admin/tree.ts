/** Departments as a tree, laid out as lines. */
import type { Department } from '@/records/types'

export interface Line {
  department: Department
  depth: number
  children: number
}
/** Lines of the tree in order of code; what lies under a folded one is left out. A parent that is missing counts as none. */
export function lay(departments: readonly Department[], folded: ReadonlySet<number>): Line[] {
  const known = new Set(departments.map((one) => one.id))
  const children = new Map<number | null, Department[]>()
  for (const one of departments) {
    const parent = one.parent !== undefined && known.has(one.parent) && one.parent !== one.id ? one.parent : null
    children.set(parent, [...(children.get(parent) ?? []), one])
  }
  const below = (parent: number | null, depth: number): Line[] =>
    (children.get(parent) ?? []).flatMap((department) => [
      { department, depth, children: children.get(department.id)?.length ?? 0 },
      ...(folded.has(department.id) ? [] : below(department.id, depth + 1)),
    ])
  return below(null, 0)
}
/** The department itself, everything above and everything below the ones that match, so that a find keeps its place in the tree. */
export function withContext(departments: readonly Department[], matches: (department: Department) => boolean): Department[] {
  const byId = new Map(departments.map((one) => [one.id, one]))
  const kept = new Set<number>()
  for (const one of departments.filter(matches)) {
    let at: Department | undefined = one
    while (at && !kept.has(at.id)) {
      kept.add(at.id)
      at = at.parent === undefined ? undefined : byId.get(at.parent)
    }
  }
  return departments.filter((one) => kept.has(one.id))
}
