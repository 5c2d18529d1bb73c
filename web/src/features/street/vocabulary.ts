/** Classes and common words of the city; the last answer stays on the phone, so that a report can be written without a line. */
import { useQuery } from '@tanstack/vue-query'
import { ProblemError } from '@/api'
import { ask } from '@/offline/ask'
import { useShelf } from '@/offline/shelf'
import type { Vocabulary } from './wire'

const KEPT = 'vocabulary'

async function load(): Promise<Vocabulary> {
  const shelf = await useShelf()
  try {
    const fresh = await ask<Vocabulary>('GET', '/api/vocabulary')
    await shelf.put(KEPT, { classes: fresh.classes, people: fresh.people, templates: fresh.templates, procedure: fresh.procedure })
    return fresh
  } catch (error) {
    const old = error instanceof ProblemError && error.isOffline ? await shelf.get<Vocabulary>(KEPT) : undefined
    if (old) return old
    throw error
  }
}
export const vocabularyQuestion = { queryKey: ['vocabulary'], queryFn: load, staleTime: 30 * 60_000 }
export const useVocabulary = () => useQuery(vocabularyQuestion)
