// Registers from packs: an offence and a score, an inspection on the phone, an expired billboard and its case.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, newId, out, pageFor, person, photo, settled, startBrowser, startServer, until } from '../harness.mjs'
import { bring, everybody } from '../world.mjs'

let server
let browser
let people
let admin
// In the collector's own area: whoever inspects does so there.
const PLACE = { lng: -71.0536, lat: 42.3698 }
const WKT = `POINT(${PLACE.lng} ${PLACE.lat})`

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  admin = people.system_admin ?? (await person(server, 'system_admin'))
  await until(() => admin.get('/api/registers'), (found) => found.length >= 6, 'the packs of the program are in force')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})
const photoFile = (name) => ({ name, mimeType: 'image/png', buffer: photo() })
const shop = (name) => admin.post('/api/registers/shop', { id: newId(), name, kind: 'food', place: WKT, fields: { street_address: '33 Beacon St', open_fire: true }, documents: [{ document: 'licence', number: 'B-1', issued_on: null, expires_on: null, file: null }] })

test('a shop gets an offence and its score falls', async () => {
  const made = await shop('Beacon Noodles')
  await shop('Beacon Bakery')
  const page = await pageFor(browser, server, people.collector)
  await page.goto('/registers/shop')
  await page.getByRole('button', { name: 'Beacon Noodles' }).click()
  await page.waitForURL(`**/registers/shop/${made.code}`)
  assert.equal(await page.getByTestId('score').textContent(), '100.0')
  await page.getByRole('button', { name: 'Record an offence' }).click()
  await page.getByRole('combobox', { name: /^Offence/ }).selectOption('fire_lane')
  await page.getByLabel('Note').first().fill('Boxes in the lane')
  const raises = page.getByLabel(/Raise a case as well/)
  if (await raises.isVisible()) await raises.uncheck()
  await page.getByRole('button', { name: 'Record the offence' }).click()
  await page.getByTestId('score').filter({ hasText: '85.0' }).waitFor()
  await settled(page)
  assert.deepEqual(await axe(page), [])
  await page.screenshot({ path: join(out, 'register-entry.png') })
  await page.goto('/registers/shop?view=scores')
  await page.getByText('92.5').first().waitFor()
  await settled(page)
  await page.screenshot({ path: join(out, 'register-scores.png') })
  await page.goto('/registers/shop')
  await page.getByText('2 entries').waitFor()
  await settled(page)
  assert.deepEqual(await axe(page), [])
  await page.screenshot({ path: join(out, 'register-list.png') })
  assert.deepEqual(page.failures, [])
})

test('an inspection is filled in on a phone', async () => {
  const made = await shop('Charles Kitchen')
  const phone = await pageFor(browser, server, people.collector, { width: 390, height: 844 })
  await phone.goto(`/registers/shop/${made.code}/inspect/monthly`)
  const groups = phone.getByRole('radiogroup')
  await groups.first().waitFor()
  assert.equal(await groups.count(), 5)
  await groups.nth(0).getByRole('radio', { name: 'Fail' }).click()
  for (const at of [1, 2, 3, 4]) await groups.nth(at).getByRole('radio', { name: 'Pass' }).click()
  await phone.locator('input[type=file]').first().setInputFiles(photoFile('litter.png'))
  await phone.getByText('Sent').first().waitFor()
  await settled(phone)
  assert.deepEqual(await axe(phone), [])
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= 390), 'nothing stands out to the side')
  await phone.screenshot({ path: join(out, 'register-inspect-phone.png'), fullPage: true })
  await phone.getByRole('button', { name: 'Submit the inspection' }).click()
  await phone.getByTestId('score').filter({ hasText: '85.0' }).waitFor()
  await settled(phone)
  await phone.screenshot({ path: join(out, 'register-entry-phone.png'), fullPage: true })
  const records = await people.collector.get(`/api/registers/shop/${made.code}/records`)
  assert.equal(records.inspections[0].reached, 75)
  assert.equal(records.offences[0].offence, 'litter')
})

test('an expired billboard becomes a case, and is struck off when the case is closed', async () => {
  const page = await pageFor(browser, server, people.collector)
  await page.goto('/registers/billboard/new')
  await page.getByLabel('Name', { exact: false }).first().fill('Pole at Beacon and Park')
  await page.getByLabel('Kind', { exact: false }).first().selectOption('pole')
  await page.getByLabel('Where it stands').fill('Beacon St corner Park St')
  await page.getByLabel('Longitude').first().fill(`${PLACE.lng}, ${PLACE.lat}`)
  await page.getByLabel('Longitude').first().press('Tab')
  await page.getByRole('button', { name: 'Add a document' }).click()
  await page.getByLabel('Number').fill('AD-1')
  await page.getByLabel(/Valid until/).fill('2020-01-31')
  await page.screenshot({ path: join(out, 'register-new.png'), fullPage: true })
  await page.getByRole('button', { name: /^Save/ }).click()
  await page.waitForURL(/registers\/billboard\/\d+GG\d+$/)
  const code = page.url().split('/').pop()
  await page.getByText('Permit expired, still standing').first().waitFor({ timeout: 15_000 })
  const found = await people.collector.get(`/api/registers/billboard/${code}`)
  assert.equal(found.cases.length, 1)
  assert.ok(found.cases[0].automatic)
  await bring(people, found.cases[0].id, 'verified', PLACE)
  await people.shift_leader.step(found.cases[0].id, { step: 'close' })
  await until(() => people.collector.get(`/api/registers/billboard/${code}`), (now) => now.state === 'removed', 'the entry follows its case')
  await page.getByText('Removed').first().waitFor()
  await settled(page)
  await page.screenshot({ path: join(out, 'register-billboard.png') })
})
