/** The steps that can be taken on the street, and what each sends. Whether it is allowed is the server's to say. */
import type { LngLat } from '@/map/geo'
import type { KeptPhoto } from '@/offline/photos'

export const STREET_STEPS = ['answer_confirmation', 'answer_verification', 'reply', 'sign_for', 'request_extension', 'request_suspension', 'request_return', 'send_back', 'take_back', 'answer_urging', 'comment'] as const
export type StreetStep = (typeof STREET_STEPS)[number]
export const isStreetStep = (step: string): step is StreetStep => (STREET_STEPS as readonly string[]).includes(step)

/** One form for all steps; each uses its own fields. */
export interface StepDraft {
  /** UUIDv7 of the command. */
  id: string
  outcome: string | null
  text: string
  photos: KeptPhoto[]
  position: (LngLat & { accuracyM: number }) | null
  /** Length of an extension; empty asks for the original limit again. */
  extra: number | null
  extraUnit: 'work_day' | 'work_hour'
  /** Day until which to suspend, `2026-11-22`. */
  until: string
  urging: number | null
  approval: string | null
}

/** Kinds of photos a step takes; none means no photos. */
export const photoKinds = (step: StreetStep): readonly string[] => {
  if (step === 'reply') return ['after']
  if (step === 'answer_confirmation' || step === 'answer_verification' || step === 'comment') return ['on_spot']
  return step === 'request_return' ? ['document'] : []
}
export const outcomesOf = (step: StreetStep): readonly string[] => {
  if (step === 'answer_confirmation') return ['true', 'false', 'impossible']
  return step === 'answer_verification' ? ['passed', 'failed', 'impossible'] : []
}
/** Whoever looks at a place says where they stand. */
export const needsPosition = (step: StreetStep, outcome: string | null) => outcomesOf(step).length > 0 && outcome !== 'impossible'
/** Words are needed, except with a good finding and a signature. */
export function needsWords(step: StreetStep, outcome: string | null): boolean {
  if (step === 'sign_for' || step === 'take_back') return false
  return outcomesOf(step).length > 0 ? outcome !== 'true' && outcome !== 'passed' : true
}
export const hasWords = (step: StreetStep) => step !== 'sign_for' && step !== 'take_back'
export const needsPhoto = (step: StreetStep, outcome: string | null) => step === 'reply' || needsPosition(step, outcome)

/** The end of that day on this phone. */
export const endOfDay = (day: string): number => new Date(`${day}T23:59:00`).getTime()

/** The request's body; photos are put in when they are sent. */
export function bodyOf(step: StreetStep, draft: StepDraft): Record<string, unknown> {
  const text = draft.text.trim()
  const position = draft.position ? { lng: draft.position.lng, lat: draft.position.lat } : null
  const fields = (): Record<string, unknown> => {
    switch (step) {
      case 'answer_confirmation':
      case 'answer_verification':
        return { outcome: draft.outcome, opinion: text, position }
      case 'reply':
      case 'comment':
        return { text }
      case 'sign_for':
        return {}
      case 'request_extension':
        return { reason: text, extra: draft.extra ? { value: draft.extra, unit: draft.extraUnit } : null }
      case 'request_suspension':
        return { reason: text, until: endOfDay(draft.until) }
      case 'request_return':
      case 'send_back':
        return { reason: text }
      case 'take_back':
        return { approval: draft.approval }
      case 'answer_urging':
        return { urging: draft.urging, text }
    }
  }
  return { command_id: draft.id, step, ...fields() }
}
