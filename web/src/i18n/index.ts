/**
 * The only home of text shown to people. One file per feature in `zh/` and `en/`, found by itself;
 * `t('cases.title')` is checked by the compiler against `zh/cases.ts`.
 */
import { computed, nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Messages } from './messages.gen'

export type Locale = 'zh-CN' | 'en'
export const LOCALES: readonly { id: Locale; name: string }[] = [
  { id: 'zh-CN', name: '中文' },
  { id: 'en', name: 'English' },
]

type Keys<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Keys<T[K]>}`
}[keyof T & string]
/** Every key of every message, such as `common.save`. */
export type MessageKey = Keys<Messages>
/** A namespace whose keys are wire codes, for `tCode`. */
export type Namespace = keyof Messages & string
export type Params = Record<string, string | number>

const STORED = 'yiwang.locale'
const loaders: Record<Locale, () => Promise<{ default: Record<string, Record<string, unknown>> }>> = {
  'zh-CN': () => import('./zh'),
  en: () => import('./en'),
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Locale,
  fallbackLocale: false,
  missingWarn: import.meta.env.DEV,
  fallbackWarn: false,
  messages: {},
})

const { global } = i18n
const current = computed(() => global.locale.value as Locale)

/** The language chosen before, else the browser's, else Chinese. */
export function preferredLocale(): Locale {
  const stored = localStorage.getItem(STORED)
  if (stored === 'zh-CN' || stored === 'en') return stored
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}

/** Loads the language, shows it and remembers it. */
export async function setLocale(locale: Locale): Promise<void> {
  if (!global.availableLocales.includes(locale)) {
    const { default: messages } = await loaders[locale]()
    global.setLocaleMessage(locale, messages as never)
  }
  global.locale.value = locale
  document.documentElement.lang = locale
  localStorage.setItem(STORED, locale)
  await nextTick()
}

export const currentLocale = (): Locale => current.value

/** Text for a key. Reactive: what calls it in a template or computed changes with the language. */
export function t(key: MessageKey, params?: Params): string {
  return global.t(key as never, (params ?? {}) as never)
}

/** Text for a key with a plural: `'{n} case | {n} cases'`; `{n}` is filled in. */
export function tn(key: MessageKey, n: number, params?: Params): string {
  return global.t(key as never, { n, ...params } as never, n as never)
}

/** Label of a wire code (`tCode('stages', 'filed')`); an unknown code is shown as it is, never hidden. */
export function tCode(namespace: Namespace, code: string): string {
  const key = `${namespace}.${code}`
  return global.te(key as never) ? global.t(key as never) : code
}

/** Whether there is a text for the code. */
export function hasCode(namespace: Namespace, code: string): boolean {
  return global.te(`${namespace}.${code}` as never)
}

export function useI18n() {
  return { t, tn, tCode, hasCode, locale: current, setLocale }
}
