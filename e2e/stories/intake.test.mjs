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
  // The letters of the rail work as soon as the rail is there.
  await page.getByRole('navigation', { name: 'Duties' }).waitFor()
  // The second letter counts for 1.2 s after the first; a busy machine may need another try.
  await until(
    async () => {
      await page.keyboard.press('g')
      await page.keyboard.press('i')
      await page.waitForTimeout(200)
      return new URL(page.url()).pathname
    },
    (path) => path === '/intake',
    'g i leads to intake',
  )
  const focused = () => page.evaluate(() => `${document.activeElement?.id} ${document.activeElement?.labels?.[0]?.innerText}`)
  const options = page.getByRole('listbox').getByRole('option')
  for (const [index, [words, street]] of CALLS.entries()) {
    await until(focused, (field) => field.startsWith('intake-phone'), 'the cursor stands in the phone field')
    await page.keyboard.type(`61755501${String(10 + index)}`)
    await page.keyboard.press('Tab')
    await page.keyboard.type(`Caller ${index + 1}`)
    await page.keyboard.press('Tab')
    assert.match(await focused(), /^intake-text/, 'words follow the name')
    await page.keyboard.type(words)
    await page.keyboard.press('Tab')
    // Proposals stand there from the words alone; Enter takes the first and goes on to the place.
    await options.first().waitFor()
    await page.keyboard.press('Enter')
    await until(focused, (field) => / Place/.test(field), 'the place follows the class')
    await page.keyboard.type(street)
    await options.filter({ hasText: street }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.getByText(/^grid \d/).waitFor()
    await page.keyboard.press('Control+Enter')
    await until(() => operator.get('/api/cases?limit=1'), (list) => list.total === index + 1, `call ${index + 1} is taken`)
    const newest = (await operator.get('/api/cases?limit=1&sort=-reported')).items[0]
    await page.locator(`[data-number="${newest.number}"]`).waitFor()
  }
  await until(focused, (field) => field.startsWith('intake-phone'), 'ready for the next call')
  await page.screenshot({ path: `${out}/intake-ten-calls.png` })
  const list = await operator.get('/api/cases?limit=20&sort=-reported')
  assert.equal(list.total, 10)
  for (const [index, line] of list.items.reverse().entries()) {
    assert.ok(line.class && line.grid, `${line.number} has a class and a grid`)
    assert.ok(line.address.includes(CALLS[index][1]), `${line.address} is where call ${index + 1} was about`)
  }
  assert.deepEqual(page.failures, [])
})

test('a class that asks more is asked at intake, and answered by keyboard', async () => {
  const admin = await person(server, 'system_admin')
  const { items } = await admin.get('/api/records/classes')
  const record = items.find((one) => one.value.name.en === 'General service request')
  const attributes = [
    { code: 'lamps', datatype: 'number', required: true, description: { zh: '几盏灯不亮', en: 'How many lamps are out' }, order: 1 },
    { code: 'when', datatype: 'singlevaluelist', required: false, description: { zh: '何时', en: 'When' }, order: 2, values: [{ key: 'night', name: { zh: '整夜', en: 'All night' } }, { key: 'dusk', name: { zh: '傍晚', en: 'At dusk' } }] },
  ]
  await admin.put(`/api/records/classes/${record.key}`, { value: { ...record.value, attributes } }, { 'if-match': `"${record.version}"` })
  const operator = await person(server, 'intake_operator')
  const page = await pageFor(browser, server, operator)
  await page.goto('/intake')
  await page.locator('#intake-text').fill('Lamps are out in our street')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('General service request')
  await page.getByRole('listbox').getByRole('option').first().waitFor()
  const chosen = page.getByRole('option', { name: record.value.name.en }).first()
  await chosen.click()
  const lamps = page.getByRole('spinbutton', { name: /How many lamps/ })
  await until(() => lamps.evaluate((field) => field === document.activeElement), Boolean, 'the first question has the cursor')
  await page.keyboard.press('Control+Enter')
  await page.getByText('Fill this in').first().waitFor()
  await lamps.fill('3')
  await page.getByRole('combobox', { name: /^When/ }).selectOption('dusk')
  await page.getByRole('combobox', { name: /^Place/ }).fill('Beacon St')
  await page.getByRole('listbox').getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await page.getByText(/^grid \d/).waitFor()
  await page.keyboard.press('Control+Enter')
  const newest = (await until(() => operator.get('/api/cases?limit=1&sort=-reported'), (list) => list.total === 11, 'the report is taken')).items[0]
  assert.deepEqual((await operator.see(newest.id)).attributes, { lamps: '3', when: 'dusk' })
  await page.goto(`/cases/${newest.id}`)
  await page.getByText('How many lamps are out').waitFor()
  await page.getByText('At dusk').waitFor()
  assert.deepEqual(page.failures, [])
})
