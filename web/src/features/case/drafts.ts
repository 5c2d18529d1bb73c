/** What somebody has typed for a step stays until it is sent, whatever happens to the case meanwhile. */
import { reactive } from 'vue'
import type { Values } from './steps'

const drafts = reactive(new Map<string, Values>())
export function draftOf(key: string, initial: () => Values): Values {
  let values = drafts.get(key)
  if (!values) {
    values = reactive(initial())
    drafts.set(key, values)
  }
  return values
}
export const dropDraft = (key: string): void => void drafts.delete(key)
