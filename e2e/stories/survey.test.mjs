// A survey on the street, the last part of it without signal; a desk takes over what was found.
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

const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

test('a round is planned, walked, sent when the line is back, and decided about', async () => {
  const lamps = []
  for (let n = 0; n < 3; n += 1) lamps.push(await lamp(admin, { name: `Survey lamp ${n + 1}`, lng: PLACE.lng + n * 0.0003 }))
  const desk = await pageFor(browser, server, admin)
  await desk.goto('/surveys')
  await desk.getByRole('button', { name: 'New round' }).click()
  const drawer = desk.getByRole('dialog')
  await drawer.getByLabel(/^Name of the round/).fill('Winter survey')
  await drawer.getByLabel(/^From/).fill(day(-2))
  await drawer.getByLabel(/^Until/).fill(day(20))
  await drawer.getByRole('button', { name: 'Make the round' }).click()
  await desk.waitForURL(/\/surveys\/[0-9a-f-]{36}/)
  await desk.getByRole('button', { name: 'By person' }).click()
  await desk.getByLabel('Collector').selectOption({ label: people.collector.me.person.name.en })
  await desk.getByLabel('Areas').fill(lamps[0].grid.slice(0, 9))
  await desk.getByRole('button', { name: 'Assign' }).click()
  await desk.getByRole('listitem').filter({ hasText: lamps[0].grid.slice(0, 9) }).waitFor()

  const page = await pageFor(browser, server, people.collector, { width: 390, height: 844 })
  await page.goto('/street/')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await until(() => page.evaluate(() => navigator.serviceWorker.controller !== null), Boolean, 'the worker has the page')
  await page.goto('/street/survey')
  await page.getByRole('link', { name: /Winter survey/ }).click()
  await page.getByRole('link', { name: /Survey lamp 1/ }).click()
  await page.getByText('As on record', { exact: true }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/street\/survey\/[0-9a-f-]{36}$/)
  await until(() => admin.get(`/api/components/${lamps[0].code}`), (view) => view.surveyed !== null, 'the first lamp is surveyed')

  await page.context().setOffline(true)
  await page.getByRole('link', { name: /Survey lamp 2/ }).click()
  await page.getByText('Not found', { exact: true }).click()
  await page.locator('input[type=file]').first().setInputFiles({ name: 'gone.png', mimeType: 'image/png', buffer: photo() })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/street\/survey\/[0-9a-f-]{36}$/)
  await page.goto('/street/out')
  await page.getByText(/Survey lamp 2/).first().waitFor()
  await page.screenshot({ path: `${out}/survey-offline.png` })
  assert.equal((await admin.get(`/api/components/${lamps[1].code}`)).surveyed, null, 'nothing has left the phone')
  await page.context().setOffline(false)
  await until(() => admin.get(`/api/components/${lamps[1].code}`), (view) => view.state === 'lost', 'the capture leaves by itself')

  const round = desk.url().match(/[0-9a-f-]{36}/)[0]
  await page.goto(`/street/survey/${round}/new`)
  await page.getByRole('button', { name: 'Choose from the catalogue' }).click()
  const tree = page.locator('.tree')
  await tree.locator('details.inner summary').first().click()
  await tree.locator('details.inner li button').first().click()
  await page.getByRole('button', { name: 'Use my position' }).click()
  await page.getByLabel('Name of the body').fill(BODY.name)
  await page.getByLabel(/credit code/).fill(BODY.code)
  await page.locator('input[type=file]').first().setInputFiles({ name: 'new.png', mimeType: 'image/png', buffer: photo() })
  await page.getByText(/accura|±|metres|within/i).first().waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/street\/survey\/[0-9a-f-]{36}$/)
  await until(() => admin.get(`/api/surveys/${round}`), (view) => view.pending === 1, 'the new one waits for the desk')

  await desk.goto(`/surveys/${round}?tab=captures`)
  const thumb = desk.getByRole('button', { name: /^Enlarge photo 1/ })
  await thumb.click()
  await until(() => desk.getByRole('dialog').getByRole('img').evaluate((image) => image.naturalWidth), (width) => width > 0, 'the photo is seen large')
  await desk.keyboard.press('Escape')
  for (const width of [390, 1440]) {
    await desk.setViewportSize({ width, height: 900 })
    await settled(desk)
    assert.ok(await desk.evaluate((wide) => document.documentElement.scrollWidth <= wide, width), 'nothing stands out to the side')
    await desk.screenshot({ path: `${out}/survey-captures-${width}.png` })
  }
  await desk.getByRole('button', { name: 'Take over' }).click()
  await until(() => admin.get(`/api/surveys/${round}`), (view) => view.pending === 0, 'it is in the registry')
  await desk.goto(`/surveys/${round}`)
  await settled(desk)
  await desk.screenshot({ path: `${out}/survey-desk.png` })
  assert.deepEqual([...desk.failures, ...page.failures], [])
})
