/** How questions are asked again: never after a refusal, three times when the line failed. */
import { QueryClient } from '@tanstack/vue-query'
import { ProblemError } from './problem'

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 3 && (!(error instanceof ProblemError) || error.status === 0 || error.status >= 502),
      },
      mutations: { retry: false },
    },
  })
}
