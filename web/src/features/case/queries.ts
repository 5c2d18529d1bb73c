/** Questions about cases as the screens ask them, kept fresh by the live stream. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, computed, toValue } from 'vue'
import { newId } from '@/api'
import { t } from '@/i18n'
import * as api from './api'
import type { ApiQuery } from './filters'
import { onCaseChange, onCounts, onMissed, throttled } from './live'
import type { CaseView } from './types'
import { say } from './words'

/** Light and time left change by themselves; the server counts them anew this often. */
const RECOUNT_MS = 60_000

export function useVocabulary() {
  const query = useQuery({ queryKey: ['vocabulary'], queryFn: ({ signal }) => api.vocabulary(signal), staleTime: 300_000 })
  const data = computed(() => query.data.value)
  const departments = computed(() => new Map(data.value?.departments.map((one) => [one.id, one])))
  const people = computed(() => new Map(data.value?.people.map((one) => [one.id, one])))
  const classes = computed(() => new Map(data.value?.classes.map((one) => [one.key, one])))
  const divisions = computed(() => new Map(data.value?.divisions.map((one) => [one.code, one])))
  return {
    data,
    classes,
    departmentName: (id: number | string | null | undefined) => (id === '0' ? t('case.no_department') : '') || say(departments.value.get(Number(id))?.name) || (id ? `#${id}` : ''),
    personName: (id: number | string | null | undefined) => say(people.value.get(Number(id))?.name) || (id ? `#${id}` : ''),
    className: (key: string | null | undefined) => say(classes.value.get(key ?? '')?.name) || (key ?? ''),
    divisionName: (code: string) => say(divisions.value.get(code)?.name) || code,
    templates: (step: string) => data.value?.templates.filter((one) => one.step === step).map((one) => say(one.text)) ?? [],
  }
}

export function useCaseView(id: MaybeRefOrGetter<string | null>) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: ['case', computed(() => toValue(id))],
    queryFn: ({ signal }) => api.seeCase(toValue(id) ?? '', signal),
    enabled: () => toValue(id) !== null,
    refetchInterval: RECOUNT_MS,
  })
  const again = () => {
    void client.invalidateQueries({ queryKey: ['case', toValue(id)] })
    void client.invalidateQueries({ queryKey: ['facts', toValue(id)] })
  }
  onCaseChange((change) => {
    const known = query.data.value
    if (known && change.id === known.id && change.version > known.version) again()
  }, again)
  return query
}
export function useFacts(id: MaybeRefOrGetter<string | null>) {
  return useQuery({
    queryKey: ['facts', computed(() => toValue(id))],
    queryFn: ({ signal }) => api.seeFacts(toValue(id) ?? '', signal),
    enabled: () => toValue(id) !== null,
  })
}

/** A list that grows at its end and follows what happens. */
export function useCaseList(question: MaybeRefOrGetter<ApiQuery>, options: { enabled?: () => boolean; limit?: number } = {}) {
  const query = useInfiniteQuery({
    queryKey: ['cases', 'list', computed(() => toValue(question))],
    queryFn: ({ pageParam, signal }) => api.listCases(toValue(question), pageParam, signal, options.limit),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next ?? undefined,
    enabled: () => options.enabled?.() ?? true,
    placeholderData: keepPreviousData,
    refetchInterval: RECOUNT_MS,
  })
  const pages = computed(() => query.data.value?.pages ?? [])
  // The same case can stand on two pages when it moved between the two questions.
  const items = computed(() => {
    const seen = new Set<string>()
    return pages.value.flatMap((page) => page.items).filter((line) => !seen.has(line.id) && seen.add(line.id))
  })
  const again = throttled(() => void query.refetch(), 1_500)
  onCaseChange(again, again)
  const more = () => {
    if (query.hasNextPage.value && !query.isFetching.value) void query.fetchNextPage()
  }
  return {
    query,
    items,
    total: computed(() => pages.value[0]?.total ?? 0),
    isExact: computed(() => pages.value[0]?.total_is_exact ?? true),
    asOf: computed(() => query.dataUpdatedAt.value),
    more,
  }
}
export function useWorkbench() {
  const client = useQueryClient()
  const again = throttled(() => void client.invalidateQueries({ queryKey: ['workbench'] }), 3_000)
  onCounts((view) => client.setQueryData(['workbench'], view))
  onMissed(again)
  return useQuery({ queryKey: ['workbench'], queryFn: ({ signal }) => api.workbench(signal), refetchInterval: RECOUNT_MS })
}

/** Takes steps and tells every question that its answer has changed. */
export function useSteps() {
  const client = useQueryClient()
  function settled(view: CaseView, asked: string) {
    client.setQueryData(['case', view.id], view)
    if (asked !== view.id) client.setQueryData(['case', asked], view)
    for (const key of [view.id, asked]) void client.invalidateQueries({ queryKey: ['facts', key] })
    void client.invalidateQueries({ queryKey: ['cases'] })
    void client.invalidateQueries({ queryKey: ['workbench'] })
  }
  return {
    async take(id: string, step: api.StepBody, version: number | null, commandId = newId()) {
      const view = await api.takeStep(id, step, version, commandId)
      settled(view, id)
      return view
    },
    async takeMany(ids: string[], step: api.StepBody) {
      const done = await api.takeSteps(ids, step)
      for (const id of done.done) void client.invalidateQueries({ queryKey: ['case', id] })
      void client.invalidateQueries({ queryKey: ['cases'] })
      void client.invalidateQueries({ queryKey: ['workbench'] })
      return done
    },
  }
}
