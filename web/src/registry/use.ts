/** Components as the screens ask for them, kept fresh by the live stream. */
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, computed, onScopeDispose, toValue } from 'vue'
import { newId } from '@/api'
import { type ComponentStep, componentHistory, seeComponent, takeComponentStep } from './api'
import { onThings } from './live'
import type { ComponentView } from './types'

/** Things around may change ten times a second: the open one is looked at again at most this often. */
const CALM_MS = 1_500

export function useComponent(code: MaybeRefOrGetter<string>) {
  const query = useQuery({ queryKey: ['component', computed(() => toValue(code))], queryFn: ({ signal }) => seeComponent(toValue(code), signal) })
  let timer: ReturnType<typeof setTimeout> | undefined
  onThings((change) => {
    const view = query.data.value
    const [west, south, east, north] = change?.box ?? [-180, -90, 180, 90]
    if (!view || view.lng === null || view.lat === null || (change && !change.registers.includes('component'))) return
    if (view.lng < west - 1e-4 || view.lng > east + 1e-4 || view.lat < south - 1e-4 || view.lat > north + 1e-4) return
    timer ??= setTimeout(() => {
      timer = undefined
      void query.refetch()
    }, CALM_MS)
  })
  onScopeDispose(() => clearTimeout(timer))
  return query
}
export function useHistory(code: MaybeRefOrGetter<string>, version: MaybeRefOrGetter<number>) {
  return useQuery({ queryKey: ['component-history', computed(() => toValue(code)), computed(() => toValue(version))], queryFn: ({ signal }) => componentHistory(toValue(code), signal) })
}
/** Takes steps and tells every question that its answer has changed. */
export function useComponentSteps() {
  const client = useQueryClient()
  return async (view: Pick<ComponentView, 'code' | 'version'>, step: ComponentStep, commandId = newId()): Promise<ComponentView> => {
    const after = await takeComponentStep(view.code, view.version, step, commandId)
    client.setQueryData(['component', view.code], after)
    void client.invalidateQueries({ queryKey: ['things'] })
    return after
  }
}
