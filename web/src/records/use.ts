/** Records as the screens ask for them, and who may change which. */
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, shallowRef, watch } from 'vue'
import { ProblemError, useSession } from '@/api'
import { t } from '@/i18n'
import { text, useUrlState } from '@/ui/useUrlState'
import * as api from './api'
import type { RecordKind, RecordView } from './types'
import { say } from './words'

export function useRecords<T>(kind: RecordKind) {
  const query = useQuery({ queryKey: ['records', kind], queryFn: ({ signal }) => api.listRecords<T>(kind, signal) })
  const rows = computed(() => (query.data.value ?? []).filter((record): record is RecordView<T> & { value: T } => record.value !== null))
  const byKey = computed(() => new Map(rows.value.map((record) => [record.key, record])))
  return { query, rows, byKey }
}
/** After a change everything that shows names or records asks again. */
export function useChanged() {
  const client = useQueryClient()
  return (kind: RecordKind) => {
    void client.invalidateQueries({ queryKey: ['records', kind] })
    void client.invalidateQueries({ queryKey: ['vocabulary'] })
    if (kind === 'classes' || kind === 'criteria') void client.invalidateQueries({ queryKey: ['catalogue'] })
  }
}
/** Whether this person may change records of a kind; the server has the last word. */
export function useWriter(kind: RecordKind) {
  const session = useSession()
  return computed(() => {
    if (kind === 'people') return session.may('people')
    if (kind === 'shifts') return session.may('roster')
    if (kind === 'templates') return session.may('configuration') || session.has('shift_leader')
    return session.may('configuration')
  })
}

export interface Option {
  id: string
  label: string
  detail?: string
}
/** Names of the city, and the same as options to choose from. */
export function useNames() {
  const query = useQuery({ queryKey: ['vocabulary'], queryFn: ({ signal }) => api.vocabulary(signal), staleTime: 300_000 })
  const data = computed(() => query.data.value)
  const departments = computed(() => new Map(data.value?.departments.map((one) => [one.id, one])))
  const people = computed(() => new Map(data.value?.people.map((one) => [one.id, one])))
  const classes = computed(() => new Map(data.value?.classes.map((one) => [one.key, one])))
  const divisions = computed(() => new Map(data.value?.divisions.map((one) => [one.code, one])))
  const departmentName = (id: number | null | undefined) => (id == null ? '' : say(departments.value.get(id)?.name) || `#${id}`)
  const divisionName = (code: string) => say(divisions.value.get(code)?.name) || code
  return {
    query,
    data,
    departments,
    people,
    classes,
    departmentName,
    personName: (id: number | null | undefined) => (id == null ? '' : say(people.value.get(id)?.name) || `#${id}`),
    className: (key: string) => say(classes.value.get(key)?.name) || key,
    divisionName,
    areaOptions: computed<Option[]>(() => (data.value?.divisions ?? []).map((one) => ({ id: one.code, label: say(one.name), detail: one.code }))),
    classOptions: computed<Option[]>(() => (data.value?.classes ?? []).map((one) => ({ id: one.key, label: say(one.name), detail: `${say(one.major_name)} · ${one.key}` }))),
    personOptions: computed<Option[]>(() => (data.value?.people ?? []).map((one) => ({ id: String(one.id), label: say(one.name), detail: departmentName(one.department) }))),
  }
}

/** What went wrong, in one sentence. */
export function sayProblem(error: unknown): string {
  if (error instanceof ProblemError) return error.detail ?? error.title
  return error instanceof Error ? error.message : t('problems.server')
}
/** The smallest whole number no record has yet. */
export const nextNumber = (used: Iterable<number>): number => Math.max(0, ...used) + 1
/** A copy that can be changed freely; records are plain JSON. */
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export const NEW = 'new'
/** Which record is open, in the URL (`?edit=`), and the draft of it. A refetch never touches the draft. */
export function useEditing<T extends object>(byKey: () => Map<string, RecordView<T>>, blank: () => T, /** Whether all is there that a new one is made from. */ ready: () => boolean) {
  const url = useUrlState({ edit: text() }, { push: true })
  const draft = shallowRef<T | null>(null)
  const record = computed(() => byKey().get(url.edit) ?? null)
  const there = computed(() => (url.edit === NEW ? ready() : url.edit !== '' && record.value?.value != null))
  watch(
    [() => url.edit, there],
    ([key, known]) => {
      if (!known) draft.value = null
      else draft.value = key === NEW ? blank() : copy(record.value?.value as T)
    },
    { immediate: true },
  )
  return {
    key: computed(() => url.edit),
    isNew: computed(() => url.edit === NEW),
    record,
    draft,
    open: (key: string) => void (url.edit = key),
    close: () => void (url.edit = ''),
    /** Changes one or several fields of the draft. */
    set: (fields: Partial<T>) => {
      if (draft.value) draft.value = { ...draft.value, ...fields }
    },
  }
}
