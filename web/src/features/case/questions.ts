/** What a class asks besides words and place, the answers as they are sent, and both in words. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useSession } from '@/api'
import { servicesOf } from './api'
import type { Question } from './types'
import { say } from './words'

/** Several values of one question stand in one answer, as Open311 writes them. */
export const MANY = ','

export function useQuestions(classKey: () => string | null | undefined) {
  const session = useSession()
  const services = useQuery({
    queryKey: ['services', computed(() => session.me?.city?.code)],
    queryFn: ({ signal }) => servicesOf(session.me?.city?.code ?? '', signal),
    enabled: () => session.me?.city?.code !== undefined,
    staleTime: 300_000,
  })
  const questions = computed(() =>
    [...(services.data.value?.find((one) => one.code === classKey())?.attributes ?? [])].sort((a, b) => a.order - b.order),
  )
  return { questions }
}

/** Answers to these questions only: another class chosen later must not drag old ones along. */
export const answersTo = (questions: readonly Question[], answers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    questions.flatMap((one) => {
      const answer = answers[one.code]?.trim()
      return one.variable && answer ? [[one.code, answer]] : []
    }),
  )

/** Questions that must be answered and are not. */
export const unanswered = (questions: readonly Question[], answers: Readonly<Record<string, string>>): string[] =>
  questions.filter((one) => one.required && one.variable && !answers[one.code]?.trim()).map((one) => one.code)

/** An answer as people read it: names instead of keys. */
export function answerWords(questions: readonly Question[], code: string, answer: string): { question: string; answer: string } {
  const asked = questions.find((one) => one.code === code)
  if (!asked) return { question: code, answer }
  const names = new Map(asked.values?.map((one) => [one.key, say(one.name)]))
  const parts = asked.datatype === 'multivaluelist' ? answer.split(MANY) : [answer]
  return { question: say(asked.description), answer: parts.map((part) => names.get(part) ?? part).join(' · ') }
}
