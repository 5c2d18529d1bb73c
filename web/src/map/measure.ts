/** Lengths and areas as people say them. */
import { currentLocale, t } from '@/i18n'

const number = (value: number, digits: number) => value.toLocaleString(currentLocale() === 'en' ? 'en-GB' : 'zh-CN', { minimumFractionDigits: 0, maximumFractionDigits: digits })

/** Metres to the tenth below 100 m, to the metre below 10 km, then kilometres. */
export function sayLength(metres: number): string {
  if (metres < 100) return t('map.metres', { n: number(metres, 1) })
  if (metres < 10_000) return t('map.metres', { n: number(metres, 0) })
  return t('map.kilometres', { n: number(metres / 1_000, 2) })
}
/** Square metres, hectares from one, square kilometres from one. */
export function sayArea(squareMetres: number): string {
  if (squareMetres < 100_000) return t('map.square_metres', { n: number(squareMetres, squareMetres < 100 ? 1 : 0) })
  if (squareMetres < 1_000_000) return t('map.hectares', { n: number(squareMetres / 10_000, 2) })
  return t('map.square_kilometres', { n: number(squareMetres / 1_000_000, 2) })
}
