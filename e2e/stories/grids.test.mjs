// The grid editor: a grid is drawn by hand on the map, handed in, published by somebody else, and the next report
// there gets it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pageFor, person, settled, startBrowser, startServer, until } from '../harness.mjs'
import { PLACE, everybody, report } from '../world.mjs'

let server
let browser
let people

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  people.system_admin = await person(server, 'system_admin')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a grid is drawn, reviewed and published, and a report there gets it', async () => {
  const before = (await people.collector.get(`/api/grids/at?lng=${PLACE.lng}&lat=${PLACE.lat}`)).grid.code
  const page = await pageFor(browser, server, people.system_admin, { map: true })
  await page.goto(`/admin/grids?grids=${before}`)
  await page.getByRole('button', { name: 'Show on the map' }).click()
  await page.getByRole('textbox', { name: 'Name of a new draft' }).fill('Beacon Street')
  await page.getByRole('button', { name: 'Begin drawing' }).click()
  await page.getByRole('heading', { name: /Beacon Street/ }).waitFor()

  // The grid of the place is voided and drawn anew, by clicks around the middle of the map.
  await page.getByText(/[1-9]\d* grids? in view/).waitFor()
  await settled(page)
  const canvas = page.locator('.maplibregl-canvas')
  const box = await canvas.boundingBox()
  const middle = { x: box.width / 2, y: box.height / 2 }
  await canvas.click({ position: middle })
  await page.getByText(before, { exact: false }).first().waitFor()
  await page.getByRole('button', { name: 'Void', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Void' }).waitFor()
  await page.getByRole('button', { name: 'Draw a grid' }).click()
  for (const [x, y] of [[-360, -300], [345, -300], [345, 300], [-360, 300]]) await canvas.click({ position: { x: middle.x + x, y: middle.y + y } })
  await page.getByRole('button', { name: 'Finish drawing' }).click()
  await page.getByRole('status').filter({ hasText: 'Draw a grid' }).waitFor()

  // Undone and done again by keyboard.
  await page.keyboard.press('Control+z')
  await page.getByRole('status').filter({ hasText: 'Undo' }).waitFor()
  await page.keyboard.press('Control+Shift+z')
  await page.getByRole('status').filter({ hasText: 'Redo' }).waitFor()
  await page.getByRole('button', { name: 'Check all grids' }).click()
  await page.getByRole('status').filter({ hasText: /no overlap|errors/ }).waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Hand in for review' }).click()
  await page.getByText('in review').first().waitFor()
  const own = page.getByRole('button', { name: 'Publish as new edition' })
  assert.equal(await own.count(), 0, 'whoever drew does not publish')
  const [draft] = (await people.system_admin.get('/api/grids/drafts')).items

  const other = await pageFor(browser, server, people.shift_leader)
  await other.goto(`/admin/grids?draft=${draft.id}`)
  await other.getByRole('button', { name: 'Publish as new edition' }).click()
  await other.getByText('Published as edition 1').waitFor({ timeout: 120_000 })

  const id = await report(people)
  const now = await until(async () => (await people.collector.get(`/api/grids/at?lng=${PLACE.lng}&lat=${PLACE.lat}`)).grid?.code, Boolean, 'the place lies in a grid')
  assert.notEqual(now, before, 'a voided code is not used again')
  assert.equal((await people.shift_leader.see(id)).grid, now)
  assert.deepEqual(page.failures, [])
  assert.deepEqual(other.failures, [])
})
