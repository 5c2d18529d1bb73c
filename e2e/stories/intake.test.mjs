// Ten calls without touching the mouse.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { out, pageFor, person, startBrowser, startServer, until } from '../harness.mjs'

let server
let browser

before(async () => {
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const CALLS = [
  ['Street light out', 'Beacon St'],
  ['Pothole in the road, a cyclist fell', 'Boylston St'],
  ['Litter basket is overflowing', 'Tremont St'],
  ['Graffiti on the wall', 'Washington St'],
  ['Tree branch hangs over the pavement', 'Centre St'],
  ['Traffic signal is dark', 'Commonwealth Ave'],
  ['Street light flickers all night', 'Blue Hill Ave'],
  ['Illegal posters on lamp posts', 'Dorchester Ave'],
  ['Manhole cover is missing', 'Hyde Park Ave'],
  ['Rubbish was not collected', 'Marlborough St'],
]

test('an operator takes ten calls with the keyboard alone', async () => {
  const operator = await person(server, 'intake_operator')
  const page = await pageFor(browser, server, operator)
  await page.goto('/')
  await page.waitForURL(/work|intake/)
  await page.keyboard.press('g')
  await page.keyboard.press('i')
  await page.waitForURL('**/intake')
  for (const [index, [words, street]] of CALLS.entries()) {
    await until(() => page.evaluate(() => document.activeElement?.id), (id) => id === 'intake-phone', 'the cursor stands in the phone field')
    await page.keyboard.type(`61755501${String(10 + index)}`)
    await page.keyboard.press('Tab')
    await page.keyboard.type(`Caller ${index + 1}`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type(words)
    // To the class: proposals stand there, Enter takes the first.
    await page.keyboard.press('Tab')
    const options = page.getByRole('option')
    await options.first().waitFor({ timeout: 20_000 })
    await page.keyboard.press('Enter')
    // On to the place by Tab, wherever the form puts conditions in between.
    for (let tries = 0; tries < 15; tries += 1) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => document.activeElement?.getAttribute('role') === 'combobox' && document.activeElement?.getAttribute('aria-label') + (document.activeElement?.labels?.[0]?.innerText ?? ''))
      if (at && /place|where|street/i.test(at)) break
    }
    await page.keyboard.type(street)
    await options.filter({ hasText: street }).first().waitFor({ timeout: 20_000 })
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+Enter')
    await until(() => operator.get('/api/cases?limit=1&source=hotline&source=city_hotline&sort=-reported'), (list) => list.total === index + 1, `call ${index + 1} is taken`)
  }
  await page.screenshot({ path: `${out}/intake.png` })
  const list = await operator.get('/api/cases?limit=20&sort=-reported')
  assert.equal(list.total, 10)
  assert.ok(list.items.every((line) => line.class && line.grid), 'every call has a class and a place')
  assert.deepEqual(page.failures, [])
})
