/** The catalogue of one edition together with what the city changed in it. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import * as api from '@/records/api'
import type { CatalogueClass, ClassEntry, ClassKind, Criterion, CriterionRecord, Edition, RecordView, Words } from '@/records/types'
import { useRecords } from '@/records/use'

export const partsOf = (key: string): { edition: Edition; kind: ClassKind; code: string; major: string } => {
  const [edition, kind, code] = key.split('-') as [Edition, ClassKind, string]
  return { edition, kind, code, major: code.slice(0, 2) }
}
export const criterionKey = (classKey: string, seq: number): string => `${classKey}#${seq}`

/** The lowest minor number a city may use; national numbers stay below. */
export const EXTENSION_FLOOR = 80
/** The next free number for a class of the city: backwards from 99 (2013) or 999 (2026) inside the major. */
export function nextExtension(taken: ReadonlySet<string>, edition: Edition, kind: ClassKind, major: string): string | null {
  const [top, width] = edition === '2013' ? [99, 2] : [999, 3]
  for (let minor = top; minor >= EXTENSION_FLOOR; minor -= 1) {
    const key = `${edition}-${kind}-${major}${String(minor).padStart(width, '0')}`
    if (!taken.has(key)) return key
  }
  return null
}

export interface Major {
  code: string
  name: Words
}
export function useCatalogue(edition: () => Edition) {
  const query = useQuery({ queryKey: ['catalogue', computed(edition)], queryFn: ({ signal }) => api.catalogue(edition(), signal), staleTime: 60_000 })
  const classRecords = useRecords<ClassEntry>('classes')
  const criteriaRecords = useRecords<CriterionRecord>('criteria')
  const all = computed<CatalogueClass[]>(() => query.data.value?.classes ?? [])
  const byKey = computed(() => new Map(all.value.map((one) => [one.class.key, one])))
  const changedCriteria = computed(() => new Map(criteriaRecords.rows.value.map((record) => [criterionKey(record.value.class, record.value.seq), record])))
  const changedClasses = computed(() => new Map(classRecords.rows.value.map((record) => [record.value.key, record])))

  /** As a record would hold it; the national table's own version stays in it. */
  const classBase = (key: string): ClassEntry | null => {
    const found = byKey.value.get(key)
    if (!found) return null
    const { criteria: _, ...entry } = found.class
    return changedClasses.value.get(key)?.value ?? entry
  }
  const criterionBase = (classKey: string, criterion: Criterion): CriterionRecord =>
    changedCriteria.value.get(criterionKey(classKey, criterion.seq))?.value ?? { ...criterion, class: classKey }
  const majors = (kind: ClassKind): Major[] => {
    const found = new Map<string, Major>()
    for (const { class: entry } of all.value) {
      const parts = partsOf(entry.key)
      if (parts.kind === kind && !found.has(parts.major)) found.set(parts.major, { code: parts.major, name: entry.major_name })
    }
    return [...found.values()].sort((a, b) => a.code.localeCompare(b.code))
  }
  return {
    query, all, byKey, changedClasses, changedCriteria, classBase, criterionBase, majors,
    classRecord: (key: string): RecordView<ClassEntry> | null => changedClasses.value.get(key) ?? null,
    criterionRecord: (key: string): RecordView<CriterionRecord> | null => changedCriteria.value.get(key) ?? null,
  }
}

export function matches(one: CatalogueClass, words: string): boolean {
  const wanted = words.trim().toLowerCase()
  if (!wanted) return true
  const { class: entry } = one
  const text = [entry.key, entry.name.zh, entry.name.en, entry.major_name.zh, entry.major_name.en, ...entry.criteria.flatMap((criterion) => [criterion.filing.zh, criterion.filing.en])].join(' ').toLowerCase()
  return wanted.split(/\s+/).every((word) => text.includes(word))
}
