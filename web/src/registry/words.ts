/** Words for registered things. */
import { hasCode, t, tCode } from '@/i18n'
import { formatPoint } from '@/map/geo'
import { lengthM, polygonM2 } from '@/map/ground'
import { sayArea, sayLength } from '@/map/measure'
import { readWkt } from '@/map/wkt'
import type { Words } from '@/records/types'
import { say } from '@/records/words'
import type { ThingLine } from './types'

/** A code of one of the tables in `i18n/registry`; an unknown one is shown as it is. */
export const sayRegistry = (table: string, code: string): string => (hasCode('registry', `${table}.${code}`) ? tCode('registry', `${table}.${code}`) : code)
export const sayState = (state: string): string => sayRegistry('state', state)
export const stateTone = (state: string): string => ({ intact: 'green', damaged: 'yellow', lost: 'red' })[state] ?? ''
export const sayClass = (line: { class: { key: string; name: Words } | null }): string => say(line.class?.name) || (line.class?.key ?? '')
/** Registers name their own states. */
export const sayLineState = (line: Pick<ThingLine, 'layer' | 'state' | 'state_name'>): string => (line.layer === 'components' ? '' : say(line.state_name)) || sayState(line.state)
/** The two digits of the major class in a class key such as `2026-component-01037`. */
export const majorOf = (cls: string): string => /-(\d{2})\d*$/.exec(cls)?.[1] ?? ''
/** `370702 01 037 000123`: division, major and minor class, number. Codes of edition 2013 have 16 digits. */
export function sayCodeParts(code: string): string {
  const parts = /^(\d{6})(\d{2})(\d{2,3})(\d{6})$/.exec(code)
  return parts ? parts.slice(1).join(' ') : code
}
/** The year of the edition a class key is of. */
export const editionOf = (cls: string): string => cls.split('-')[0] ?? ''
/** Where a point lies, how long a line is, how large an area. */
export function sayPlace(wkt: string): string {
  const shape = readWkt(wkt)
  switch (shape?.type) {
    case 'Point':
      return formatPoint({ lng: shape.coordinates[0] ?? 0, lat: shape.coordinates[1] ?? 0 })
    case 'LineString':
      return t('registry.line_of', { size: sayLength(lengthM(shape.coordinates)) })
    case 'Polygon':
      return t('registry.area_of', { size: sayArea(polygonM2(shape.coordinates)) })
    default:
      return t('registry.shape')
  }
}
/** What the server itself gives as a reason. */
const OWN_REASONS: Record<string, 'brought_in' | 'taken_back'> = { 导入: 'brought_in', 撤销导入: 'taken_back' }
export function sayReason(words: string): string {
  const own = OWN_REASONS[words]
  return own ? t(`registry.reason_of.${own}`) : words
}
