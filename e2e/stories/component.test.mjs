// Components: registered, edited, changed together after somebody else has looked over it; and a label that is scanned
// by a passer-by, who reports this very thing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { out, pageFor, person, photo, settled, startBrowser, startServer, until } from '../harness.mjs'
import { BODY, PLACE, everybody, lamp } from '../world.mjs'

let server
let browser
let people
let admin

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  admin = await person(server, 'system_admin')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a component is registered on its page, then its maintainer and its state change, with a history of both', async () => {
  const page = await pageFor(browser, server, admin)
  await page.goto('/components/new')
  await page.getByRole('combobox', { name: /^Minor class/ }).fill('street lamp')
  await page.getByRole('option', { name: 'Street light Municipal public utilities', exact: true }).click()
  await page.getByLabel(/^Name/).first().fill('Lamp at the corner')
  const supervisor = page.getByRole('group', { name: /^Supervising body/ })
  await supervisor.getByLabel(/Name of the body/).fill(BODY.name)
  await supervisor.getByLabel(/credit code/).fill(BODY.code)
  await page.getByLabel(/^Coordinates/).fill(`POINT(${PLACE.lng} ${PLACE.lat})`)
  await page.getByLabel(/^Coordinates/).blur()
  await page.getByRole('button', { name: 'Register the component' }).click()
  await page.waitForURL(/\/components\/\d{17}$/)
  const code = page.url().split('/').at(-1)
  await page.getByRole('article', { name: 'Lamp at the corner' }).waitFor()

  await page.getByRole('button', { name: 'Change the state' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('State').selectOption('damaged')
  await drawer.getByLabel(/^Reason/).fill('The glass is broken')
  await drawer.getByRole('button', { name: 'Save the state' }).click()
  await until(() => admin.get(`/api/components/${code}`), (view) => view.state === 'damaged', 'the state is kept')
  await page.getByText('The glass is broken').waitFor()
  await settled(page)
  await page.screenshot({ path: `${out}/component-page.png`, fullPage: true })
  assert.deepEqual(page.failures, [])
})

test('two lamps get a new maintainer in one batch, which somebody else publishes', async () => {
  const lamps = [await lamp(admin, { name: 'Batch lamp 1', lng: PLACE.lng + 0.001 }), await lamp(admin, { name: 'Batch lamp 2', lng: PLACE.lng + 0.002 })]
  const page = await pageFor(browser, server, admin)
  await page.goto('/components?q=Batch')
  await page.getByText('Batch lamp 2', { exact: true }).waitFor()
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key)
  await page.getByRole('button', { name: 'Change together' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('What to change').selectOption('maintainer')
  await drawer.getByLabel(/Name of the body/).fill('Bright Lamps Ltd')
  await drawer.getByLabel(/credit code/).fill(BODY.code)
  await drawer.getByRole('button', { name: 'Keep as a draft and check' }).click()
  await page.waitForURL(/\/edits\/[0-9a-f-]{36}$/)
  await page.getByText('The checks found nothing wrong').waitFor()
  await page.getByRole('button', { name: 'Submit for review' }).click()
  await page.getByText('In review').first().waitFor()
  assert.equal((await admin.get(`/api/components/${lamps[0].code}`)).maintainer, null, 'nothing has changed yet')
  const reviewer = await pageFor(browser, server, people.leader)
  await reviewer.goto(new URL(page.url()).pathname)
  await reviewer.getByRole('button', { name: 'Approve and publish' }).click()
  await reviewer.getByText('Published').first().waitFor()
  await reviewer.screenshot({ path: `${out}/component-edits.png` })
  for (const { code } of lamps) assert.equal((await admin.get(`/api/components/${code}`)).maintainer.name, 'Bright Lamps Ltd')
  assert.deepEqual([...page.failures, ...reviewer.failures], [])
})

test('a passer-by opens the label of a lamp and reports it; a collector reads the label from a picture', async () => {
  const one = await lamp(admin, { name: 'Lamp with a label', lng: PLACE.lng + 0.003 })
  const label = await pageFor(browser, server, admin)
  await label.goto(`/components/${one.code}/label`)
  const code = label.locator('.label-card img').first()
  await code.waitFor()
  await label.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0))
  const picture = await code.screenshot()

  const citizen = await pageFor(browser, server, null, { width: 390, height: 844 })
  await citizen.goto(`/citizen/c/${one.code}`)
  await citizen.getByRole('heading', { name: 'Lamp with a label' }).waitFor()
  await citizen.screenshot({ path: `${out}/component-citizen.png` })
  await citizen.getByRole('link', { name: 'Report a problem with it' }).click()
  await citizen.getByRole('region', { name: 'Your report is about' }).waitFor()
  await citizen.locator('#words').fill('It has been dark for three days')
  await citizen.locator('button[type=submit]').click()
  await citizen.waitForURL('**/citizen/sent/**')
  const view = await until(() => admin.get(`/api/components/${one.code}`).then(async () => people.shift_leader.get(`/api/components/${one.code}`)), (card) => card.cases.open.length === 1, 'the case stands on the card')
  assert.equal(view.cases.open[0].headline?.length > 0, true)

  const street = await pageFor(browser, server, people.collector, { width: 390, height: 844 })
  await street.goto('/street/scan')
  await street.locator('input[type=file]').setInputFiles({ name: 'label.png', mimeType: 'image/png', buffer: picture })
  await street.waitForURL(`**/street/k/${one.code}`)
  await street.getByRole('heading', { name: 'Lamp with a label' }).waitFor()
  await street.getByRole('link', { name: 'Report a problem with it' }).click()
  await street.getByRole('region', { name: 'The report is about' }).waitFor()
  assert.ok(photo().length > 0)
  assert.deepEqual([...label.failures, ...citizen.failures, ...street.failures], [])
})
