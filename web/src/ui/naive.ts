import { type GlobalThemeOverrides, darkTheme, lightTheme } from 'naive-ui'
import { computed } from 'vue'
import { useTheme } from './theme'
import { type Palette, fontFamily, fontSizes, monoFamily, radius } from './tokens'

/** What `NConfigProvider` needs, in the theme of the moment. Apart from `theme.ts`, so that phones do not load Naive UI. */
export function useNaive() {
  const { theme, palette } = useTheme()
  return {
    naiveTheme: computed(() => (theme.value === 'dark' ? darkTheme : lightTheme)),
    naiveOverrides: computed(() => naiveOverrides(palette.value)),
  }
}

/** Naive UI in our tokens: same type scale, same edges, same colours, no shadows on flat things. */
export function naiveOverrides(p: Palette): GlobalThemeOverrides {
  const px = (n: number) => `${n}px`
  return {
    common: {
      fontFamily,
      fontFamilyMono: monoFamily,
      fontSize: px(fontSizes.sm),
      fontSizeMini: px(fontSizes.xs),
      fontSizeTiny: px(fontSizes.xs),
      fontSizeSmall: px(fontSizes.sm),
      fontSizeMedium: px(fontSizes.sm),
      fontSizeLarge: px(fontSizes.md),
      fontSizeHuge: px(fontSizes.md),
      heightTiny: '24px',
      heightSmall: '28px',
      heightMedium: '32px',
      heightLarge: '40px',
      borderRadius: px(radius),
      borderRadiusSmall: px(radius),
      bodyColor: p.canvas,
      cardColor: p.surface,
      modalColor: p.raised,
      popoverColor: p.raised,
      tableColor: p.surface,
      tableHeaderColor: p.sunken,
      tableColorHover: p.sunken,
      hoverColor: p.sunken,
      inputColor: p.surface,
      inputColorDisabled: p.sunken,
      actionColor: p.sunken,
      textColorBase: p.text,
      textColor1: p.text,
      textColor2: p.text,
      textColor3: p.textFaint,
      textColorDisabled: p.textFaint,
      placeholderColor: p.textFaint,
      placeholderColorDisabled: p.textFaint,
      iconColor: p.textFaint,
      closeIconColor: p.textSoft,
      closeIconColorHover: p.text,
      clearColor: p.textFaint,
      borderColor: p.lineStrong,
      dividerColor: p.line,
      primaryColor: p.accent,
      primaryColorHover: p.accentHover,
      primaryColorPressed: p.accentHover,
      primaryColorSuppl: p.accent,
      infoColor: p.accent,
      infoColorHover: p.accentHover,
      infoColorPressed: p.accentHover,
      infoColorSuppl: p.accent,
      successColor: p.green,
      successColorHover: p.green,
      successColorPressed: p.green,
      successColorSuppl: p.green,
      warningColor: p.yellow,
      warningColorHover: p.yellow,
      warningColorPressed: p.yellow,
      warningColorSuppl: p.yellow,
      errorColor: p.red,
      errorColorHover: p.red,
      errorColorPressed: p.red,
      errorColorSuppl: p.red,
      boxShadow1: 'none',
    },
    Button: {
      textColorPrimary: p.onAccent,
      textColorHoverPrimary: p.onAccent,
      textColorPressedPrimary: p.onAccent,
      textColorFocusPrimary: p.onAccent,
      textColorDisabledPrimary: p.onAccent,
      textColorError: p.onRed,
      textColorHoverError: p.onRed,
      textColorPressedError: p.onRed,
      textColorFocusError: p.onRed,
      border: `1px solid ${p.lineStrong}`,
      rippleDuration: '0s',
    },
    Input: { border: `1px solid ${p.lineStrong}`, boxShadowFocus: `0 0 0 2px ${p.accent}` },
    Card: { borderColor: p.line },
    DataTable: {
      thColor: p.sunken,
      thTextColor: p.textSoft,
      thFontWeight: '500',
      tdColor: p.surface,
      tdColorHover: p.sunken,
      borderColor: p.line,
      fontSizeSmall: px(fontSizes.sm),
    },
    Dropdown: { optionColorHover: p.sunken },
    Tag: { borderRadius: px(radius) },
    Tooltip: { color: p.text, textColor: p.surface },
  }
}
