/** The registers of the city as their packs define them; nothing here knows a shop from a tree. */
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { components } from '@/api/schema'
import { ask } from '@/records/api'
import type { Words } from '@/records/types'

export type Colour = 'green' | 'yellow' | 'red' | 'grey'
export type FieldType = 'text' | 'number' | 'date' | 'choice' | 'boolean' | 'phone' | 'person' | 'department' | 'reference' | 'photo' | 'documents'
export interface Named {
  id: string
  name: Words
}
export interface Field extends Named {
  type: FieldType
  unit?: Words
  help?: Words
  required: boolean
  min?: number
  max?: number
  length?: number
  pattern?: string
  choices?: Named[]
  register?: string
  personal: boolean
  retired: boolean
}
export interface Plan extends Named {
  every_days: number
  roles: string[]
  items: (Named & { points: number; photo: boolean; offence?: string })[]
}
export interface Duty extends Named {
  offences: (Named & { deduction: number; case?: string })[]
}
export interface Register extends Named {
  entry_name: Words
  about: Words
  geometry: 'point' | 'line' | 'polygon'
  icon: string
  style: 'state' | 'score' | 'expiry'
  kinds: Named[]
  states: (Named & { colour: Colour; closed: boolean })[]
  fields: Field[]
  sections: (Named & { fields: string[] })[]
  columns: string[]
  relations: (Named & { reverse: Words; register: string; many: boolean })[]
  documents: (Named & { required: boolean; expires: boolean; warn_days: number })[]
  inspections: Plan[]
  duties: Duty[]
  rating: { period_days: number; inspections: number; bands: { from: number; colour: Colour; name: Words }[] } | null
  cases: (Named & { class: string; text: Words; by_hand: boolean; when?: string; closed_state?: string })[]
  rights: { sensitive: boolean; keeper?: string }
}
export type RegisterView = Omit<components['schemas']['RegisterView'], 'register'> & { register: Register }

/** The definitions; a dropped or changed pack shows within seconds. */
export function useRegisters() {
  const query = useQuery({ queryKey: ['registers'], queryFn: ({ signal }) => ask<RegisterView[]>('/api/registers', {}, signal), refetchInterval: 5_000, staleTime: 2_000 })
  const byId = computed(() => new Map((query.data.value ?? []).map((one) => [one.register.id, one])))
  return { query, byId }
}
export const fieldOf = (register: Register, id: string): Field | undefined => register.fields.find((field) => field.id === id)
