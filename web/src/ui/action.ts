/** What the server says a person may do with a thing, and why not. Never worked out in the browser. */
import { hasCode, tCode } from '@/i18n'

export interface Action {
  allowed: boolean
  /** A refusal code, or words in the person's language. */
  because?: string | null
}

/** The reason in words; an unknown code is shown as it is. */
export function reasonOf(action: Action | null | undefined): string | null {
  if (!action || action.allowed || !action.because) return null
  return hasCode('refusals', action.because) ? tCode('refusals', action.because) : action.because
}
