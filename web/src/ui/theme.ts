/** Which theme is shown: chosen, or the system's. Sets the tokens as CSS variables on the document. */
import { computed, ref, watchEffect } from 'vue'
import { type Palette, type Theme, palettes } from './tokens'

export type ThemeChoice = Theme | 'system'
const STORED = 'yiwang.theme'

const choice = ref<ThemeChoice>('system')
const systemDark = ref(false)
const theme = computed<Theme>(() =>
  choice.value === 'system' ? (systemDark.value ? 'dark' : 'light') : choice.value,
)
const palette = computed<Palette>(() => palettes[theme.value])

/** Call once, before mounting. */
export function startTheme(): void {
  const stored = localStorage.getItem(STORED)
  if (stored === 'light' || stored === 'dark') choice.value = stored
  const query = matchMedia('(prefers-color-scheme: dark)')
  systemDark.value = query.matches
  query.addEventListener('change', (event) => (systemDark.value = event.matches))
  watchEffect(() => {
    const root = document.documentElement
    root.dataset.theme = theme.value
    root.style.colorScheme = theme.value
    for (const [name, value] of Object.entries(palette.value)) {
      root.style.setProperty(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, value)
    }
  })
}

export function useTheme() {
  return {
    theme,
    palette,
    choice: computed<ThemeChoice>({
      get: () => choice.value,
      set: (value) => {
        choice.value = value
        localStorage.setItem(STORED, value)
      },
    }),
  }
}
