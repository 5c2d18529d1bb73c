// Registers from packs: an offence and a score, an expired billboard and its case, a register that comes by a file.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, newId, out, pageFor, person, photo, settled, startBrowser, startServer, until } from '../harness.mjs'
import { PLACE, bring, everybody } from '../world.mjs'

let server
let browser
let people
let admin
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
  await page.getByLabel('Offence', { exact: false }).first().selectOption('fire_lane')
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
  await bring(people, found.cases[0].id, 'verified')
  await people.shift_leader.step(found.cases[0].id, { step: 'close' })
  await until(() => people.collector.get(`/api/registers/billboard/${code}`), (now) => now.state === 'removed', 'the entry follows its case')
  await page.getByText('Removed').first().waitFor()
  await settled(page)
  await page.screenshot({ path: join(out, 'register-billboard.png') })
})

test('a register "heritage trees" comes by dropping a pack file, without restart', async () => {
  const page = await pageFor(browser, server, admin)
  await page.goto('/registers')
  await page.getByText('Street-side shops').first().waitFor()
  await settled(page)
  await page.screenshot({ path: join(out, 'registers.png') })
  assert.equal(await page.getByText('Heritage trees').count(), 0)
  const folder = join(server.data, 'packs', 'heritage')
  mkdirSync(folder, { recursive: true })
  const tree = `id = "heritage_tree"
name = { zh = "古树名木", en = "Heritage trees" }
entry_name = { zh = "古树", en = "Tree" }
icon = "tree"
columns = ["code", "name", "species", "girth", "state"]
[code]
prefix = "GS"
[[state]]
id = "healthy"
name = { zh = "健康", en = "Healthy" }
[[state]]
id = "weak"
name = { zh = "衰弱", en = "Weak" }
colour = "yellow"
[[field]]
id = "species"
name = { zh = "树种", en = "Species" }
type = "text"
required = true
[[field]]
id = "girth"
name = { zh = "胸围", en = "Girth" }
type = "number"
unit = { zh = "厘米", en = "cm" }
min = 1
max = 3000
`
  writeFileSync(join(folder, 'pack.toml'), 'id = "heritage"\nname = { zh = "古树名木", en = "Heritage" }\nregisters = ["heritage_tree"]\n')
  // First with a slip of the pen: the administrator is told where.
  writeFileSync(join(folder, 'heritage_tree.toml'), tree.replace('type = "number"', 'type = "numbr"'))
  const packs = await pageFor(browser, server, admin)
  await packs.goto('/admin/packs')
  await packs.getByText('heritage/heritage_tree.toml:22:8').first().waitFor({ timeout: 15_000 })
  await settled(packs)
  assert.deepEqual(await axe(packs), [])
  await packs.screenshot({ path: join(out, 'packs-broken.png') })
  writeFileSync(join(folder, 'heritage_tree.toml'), tree)
  await page.getByText('Heritage trees').first().waitFor({ timeout: 15_000 })
  await page.getByText('Heritage trees').first().click()
  await page.getByRole('link', { name: 'Add Tree' }).click()
  await page.getByLabel('Name', { exact: false }).first().fill('Elm on the Common')
  await page.getByLabel('Species').fill('Ulmus americana')
  await page.getByLabel('Girth (cm)').fill('5000')
  await page.getByLabel('Longitude').first().fill(`${PLACE.lng}, ${PLACE.lat}`)
  await page.getByLabel('Longitude').first().press('Tab')
  await page.getByRole('button', { name: 'Save Tree' }).click()
  await page.getByText('Must not be above 3000').waitFor()
  await page.getByLabel('Girth (cm)').fill('412')
  await page.getByRole('button', { name: 'Save Tree' }).click()
  await page.waitForURL(/registers\/heritage_tree\/\d+GS\d+$/)
  await page.getByText('Ulmus americana').waitFor()
  await packs.reload()
  await packs.getByRole('listitem').filter({ hasText: 'Heritage' }).getByRole('button', { name: 'See and try' }).click()
  await packs.getByLabel('File').selectOption('heritage_tree.toml')
  const editor = packs.getByRole('textbox', { name: 'heritage_tree.toml' })
  await editor.fill(tree.split('[[field]]\nid = "girth"')[0].replace('"girth", ', ''))
  await packs.getByText('1 entry concerned').waitFor()
  await packs.screenshot({ path: join(out, 'packs-live-check.png') })
  assert.deepEqual(page.failures, [])
})
