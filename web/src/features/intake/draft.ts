/** What has been typed for a call survives a reload; photos do not. */
import { reactive, watch } from 'vue'

export interface Draft {
  phone: string
  name: string
  email: string
  text: string
  class: string | null
  criterion: number | null
  /** Answers to what the class asks for, by the question's code. */
  attributes: Record<string, string>
  place: { address: string; lng: number | null; lat: number | null }
  source: string
  urgent: boolean
  consultation: boolean
  callback: boolean
  public: boolean
}
export const SOURCES = ['city_hotline', 'hotline', 'citizen_web', 'citizen_app', 'media', 'leader', 'petition', 'video', 'police', 'upper_platform', 'lower_platform', 'department'] as const
/** Sources where a person stands behind the report who may want an answer. */
export const BY_PEOPLE: readonly string[] = ['city_hotline', 'hotline', 'citizen_web', 'citizen_app', 'media', 'petition', 'police']

export const blank = (source: string = SOURCES[0]): Draft => ({
  phone: '', name: '', email: '', text: '', class: null, criterion: null, attributes: {}, place: { address: '', lng: null, lat: null }, source, urgent: false, consultation: false, callback: true, public: false,
})
export const isBlank = (draft: Draft): boolean => !draft.phone && !draft.name && !draft.text && !draft.place.address && draft.place.lng === null && draft.class === null

/** The draft of one person, kept in the browser. */
export function useDraft(person: string): { draft: Draft; clear: () => void } {
  const key = `yiwang.intake.${person}`
  const draft = reactive(blank())
  try {
    const saved = JSON.parse(localStorage.getItem(key) ?? 'null') as Partial<Draft> | null
    if (saved && typeof saved === 'object') Object.assign(draft, saved, { place: { ...draft.place, ...saved.place } })
  } catch {
    localStorage.removeItem(key)
  }
  watch(draft, (now) => (isBlank(now) && now.source === SOURCES[0] ? localStorage.removeItem(key) : localStorage.setItem(key, JSON.stringify(now))), { deep: true })
  // The channel stays for the next call: a desk answers one line.
  return { draft, clear: () => void Object.assign(draft, blank(draft.source)) }
}
