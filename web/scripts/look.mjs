// Takes pictures of the gallery in light and dark, desktop and phone, and runs axe on each: `npm run look`.
// Needs YIWANG_BASEMAP (see README) for the map, and a Chromium (CHROMIUM, default /usr/bin/chromium).
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { createServer } from 'vite'

const out = new URL('../.look/', import.meta.url).pathname
mkdirSync(out, { recursive: true })
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const vite = await createServer({ server: { port: 0, hmr: false } })
await vite.listen()
const base = vite.resolvedUrls.local[0]
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
})
const only = process.argv[2]
const shots = [
  ['bench', 1440, 900], ['parts', 1440, 1400], ['map', 1440, 900], ['bench', 390, 844], ['parts', 390, 2600], ['phone', 390, 1600],
].filter(([view]) => !only || only === view)
let violations = 0
for (const theme of ['light', 'dark']) {
  for (const [view, width, height] of shots) {
    const locale = theme === 'light' ? 'zh-CN' : 'en'
    const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme: theme, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(`  ${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => console.log(`  page error: ${error.message}`))
    await page.goto(`${base}gallery?view=${view}`, { waitUntil: 'load' })
    await page.locator('#app > *').first().waitFor({ timeout: 60_000 })
    if (view !== 'parts' && !(view === 'bench' && width < 900)) await page.locator('[data-idle]').first().waitFor({ timeout: 60_000 }).catch(() => console.log('  the map is not idle'))
    await page.locator('.pane, .parts, .map-view').first().waitFor()
    await page.evaluate(() => document.fonts.ready)
    const name = `${view}-${width}-${theme}-${locale}`
    await page.screenshot({ path: `${out}${name}.png` })
    await page.evaluate(axe)
    const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
    console.log(`${name}: ${found.violations.length} violations`)
    violations += found.violations.length
    for (const v of found.violations) console.log(`  ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? n.all[0]?.message ?? ''}`).join(' | ')}`)
    await context.close()
  }
}
await browser.close()
await vite.close()
process.exit(violations > 0 ? 1 : 0)
