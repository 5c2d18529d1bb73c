/**
 * The design tokens. One home: CSS reads them as `var(--text-soft)` (set by `theme.ts`), Naive UI and
 * the map get the same values from here. Both palettes are designed, and `tokens.test.ts` holds them to AA.
 */
export type Theme = 'light' | 'dark'

/** Type scale in px. Nothing else is used. */
export const fontSizes = { xs: 12, sm: 14, md: 16, lg: 20, xl: 28 } as const
export const fontFamily =
  "'Noto Sans SC Variable', 'PingFang SC', 'Microsoft YaHei', system-ui, -apple-system, 'Segoe UI', sans-serif"
export const monoFamily = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace"
export const radius = 4

export interface Palette {
  /** Behind everything. */
  canvas: string
  /** Panes, cards, tables. */
  surface: string
  /** Hover, table heads, wells. */
  sunken: string
  /** Menus, dialogs. */
  raised: string
  line: string
  /** Edges of controls: 3:1 against `surface`. */
  lineStrong: string
  text: string
  textSoft: string
  /** Least important words; still 4.5:1 on canvas and sunken. */
  textFaint: string
  accent: string
  accentHover: string
  accentSoft: string
  onAccent: string
  /** Lights: text colours, 4.5:1 on surface and on their own soft background. */
  green: string
  greenSoft: string
  yellow: string
  yellowSoft: string
  red: string
  redSoft: string
  onRed: string
  grey: string
  greySoft: string
  /** The filled shapes of the lights, where 3:1 is enough. */
  greenFill: string
  yellowFill: string
  redFill: string
  greyFill: string
  shade: string
}

export const palettes: Record<Theme, Palette> = {
  light: {
    canvas: '#f3f4f6',
    surface: '#ffffff',
    sunken: '#eceef1',
    raised: '#ffffff',
    line: '#dcdfe4',
    lineStrong: '#868e99',
    text: '#181b20',
    textSoft: '#454c56',
    textFaint: '#5f6772',
    accent: '#1d5bb8',
    accentHover: '#164890',
    accentSoft: '#e3ecf9',
    onAccent: '#ffffff',
    green: '#17703d',
    greenSoft: '#e2f2e8',
    yellow: '#815300',
    yellowSoft: '#fcf0d2',
    red: '#b1251d',
    redSoft: '#fbe5e3',
    onRed: '#ffffff',
    grey: '#5a626d',
    greySoft: '#e7e9ed',
    greenFill: '#1f9152',
    yellowFill: '#c98a00',
    redFill: '#cf3a30',
    greyFill: '#7b838e',
    shade: 'rgba(16, 20, 26, 0.45)',
  },
  dark: {
    canvas: '#101215',
    surface: '#181b1f',
    sunken: '#21252a',
    raised: '#23272d',
    line: '#2d3238',
    lineStrong: '#6d7681',
    text: '#e4e6e9',
    textSoft: '#b4bac2',
    textFaint: '#959da7',
    accent: '#82b1f4',
    accentHover: '#a3c6f8',
    accentSoft: '#1d2d45',
    onAccent: '#0c1727',
    green: '#69c590',
    greenSoft: '#173023',
    yellow: '#e7b94f',
    yellowSoft: '#352b12',
    red: '#ff9288',
    redSoft: '#42201d',
    onRed: '#2a0b08',
    grey: '#a3abb5',
    greySoft: '#2a2f36',
    greenFill: '#4caf78',
    yellowFill: '#e0a92e',
    redFill: '#ef6a5f',
    greyFill: '#8b939d',
    shade: 'rgba(0, 0, 0, 0.6)',
  },
}
