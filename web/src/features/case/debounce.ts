import { type Ref, onScopeDispose, ref, watch } from 'vue'

/** The value once it has been still for `ms`. */
export function useDebounced<T>(source: () => T, ms: number): Ref<T> {
  const out = ref(source()) as Ref<T>
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(source, (value) => {
    clearTimeout(timer)
    timer = setTimeout(() => (out.value = value), ms)
  })
  onScopeDispose(() => clearTimeout(timer))
  return out
}
