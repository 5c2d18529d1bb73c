/** What the public doors of the server say and hear; mirrors `app::public`. */
import { ask } from '@/offline/ask'
import { placesAt } from '@/offline/places'
import type { CityView, Words } from '@/offline/wire'

export interface Service {
  code: string
  name: Words
  group: Words
  description: Words
}
export interface Offer {
  city: CityView
  /** Hotline; empty when the city has none. */
  phone: string
  services: Service[]
}
export interface NearProblem {
  id: string
  number: string
  headline: string
  class: Words | null
  address: string
  reported_at: number
  metres: number | null
  state: PublicState
}
export type PublicState = 'received' | 'checking' | 'with_department' | 'waiting' | 'being_verified' | 'done' | 'declined' | 'ended' | 'joined'
export interface PublicFact {
  at: number
  fact: string
  department: Words | null
  words: string | null
}
export interface PublicCase {
  number: string
  state: PublicState
  text: string
  address: string
  lng: number | null
  lat: number | null
  class: Words | null
  department: { id: number; name: Words } | null
  reported_at: number
  due_at: number | null
  ended_at: number | null
  timeline: PublicFact[]
  photos: { id: string; kind: string }[]
  answer: string | null
  stars: number | null
  may: { rate: boolean; reopen: boolean; remind: boolean; add: boolean }
  now_at: number
}
/** The answer to a report or a "me too". */
export interface PublicReported {
  id: string
  number: string
  secret: string
  follow_url: string
}
export interface Reporter {
  name: string
  phone: string
  email: string
  callback: boolean
  public: boolean
  language: string
}
export interface PublicSteps {
  rate: { stars: number; remark: string }
  reopen: { reason: string }
  remind: { text: string }
  add: { text: string; photos: string[] }
}

export const REPORTS = '/api/public/cases'
export const stepOf = (secret: string, step: keyof PublicSteps) => `${REPORTS}/${encodeURIComponent(secret)}/${step}`
export const meTooOf = (id: string) => `${REPORTS}/${encodeURIComponent(id)}/me-too`
export const photoOf = (secret: string, id: string, size: 'thumb' | 'full') => `/api/public/attachments/${id}?secret=${encodeURIComponent(secret)}&size=${size}`

export const followed = (secret: string) => ask<PublicCase>('GET', `${REPORTS}/${encodeURIComponent(secret)}`)
export const near = (question: { text: string; class: string | null; lng: number | null; lat: number | null }, signal?: AbortSignal) =>
  ask<NearProblem[]>('POST', '/api/public/duplicates', { body: { ...question, attachments: [] }, ...(signal ? { signal } : {}) })
export const takeStep = <S extends keyof PublicSteps>(secret: string, step: S, body: PublicSteps[S]) => ask<PublicCase>('POST', stepOf(secret, step), { body })
export const places = placesAt('/api/public/places')

/** A component as everybody may see it: no papers, no names of people. */
export interface PublicComponent {
  code: string
  name: string
  class: { key: string; name: Words }
  state: string
  address: string
  lng: number | null
  lat: number | null
  /** Where a report would go. */
  department: Words | null
}
export const publicComponent = (code: string, signal?: AbortSignal) => ask<PublicComponent>('GET', `/api/public/components/${encodeURIComponent(code)}`, signal ? { signal } : {})
