// The map: find a place, pick a thing, measure, select by shape, see the same as a list, and send the view to a
// colleague: the address holds all of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, newId, out, pageFor, person, settled, startBrowser, startServer, until } from '../harness.mjs'
import { CLASS, PLACE, everybody, lamp, report } from '../world.mjs'

let server
let browser
let people
let admin
let lamps

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  admin = await person(server, 'system_admin')
  for (let n = 0; n < 3; n += 1) await report(people, { text: `Street light out (${n})` })
  // A row of lamps along the street, two of them on one another.
  lamps = []
  for (const [n, east] of [0, 0.0004, 0.0008, 0.0008].entries()) lamps.push(await lamp(admin, { name: `Lamp ${n + 1}`, lng: PLACE.lng + east, lat: PLACE.lat + 0.0006 }))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Waits until the map stands and all of it is drawn. */
async function drawn(page) {
  await page.locator('.map-view .box[data-idle]').first().waitFor({ timeout: 30_000 })
  await settled(page)
}
const at = (zoom = 17) => `${zoom}/${PLACE.lat}/${PLACE.lng}`
/** Where a place is on the screen: the map is 512 · 2^zoom pixels around the world. */
async function pixelOf(page, lng, lat) {
  const [zoom, clat, clng] = new URL(page.url()).searchParams.get('at').split('/').map(Number)
  const size = 512 * 2 ** zoom
  const project = (x, y) => [((x + 180) / 360) * size, (0.5 - Math.log((1 + Math.sin((y * Math.PI) / 180)) / (1 - Math.sin((y * Math.PI) / 180))) / (4 * Math.PI)) * size]
  const [[x, y], [cx, cy]] = [project(lng, lat), project(clng, clat)]
  const box = await page.locator('.map-view .box').first().boundingBox()
  return [box.x + box.width / 2 + x - cx, box.y + box.height / 2 + y - cy]
}

test('somebody finds a lamp by its code, sees its card, and the address brings a colleague to the same view', async () => {
  const page = await pageFor(browser, server, people.shift_leader, { map: true })
  await page.goto(`/map?at=${at()}&layers=cases,components`)
  await drawn(page)
  await page.keyboard.press('/')
  await page.keyboard.type(lamps[0].code)
  await page.getByRole('option', { name: /Lamp 1/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('article', { name: 'Lamp 1' }).waitFor()
  await page.waitForURL((url) => url.searchParams.get('thing') === `components:${lamps[0].code}`)
  await settled(page)
  await page.screenshot({ path: `${out}/map-card.png` })
  const address = page.url()
  await page.close()
  const other = await pageFor(browser, server, people.leader, { map: true })
  await other.goto(address)
  await other.getByRole('article', { name: 'Lamp 1' }).waitFor()
  await settled(other)
  const [was, is] = [new URL(address), new URL(other.url())].map((url) => url.searchParams)
  for (const key of ['layers', 'thing']) assert.equal(is.get(key), was.get(key), key)
  assert.equal(is.get('at')?.split('/')[0], was.get('at')?.split('/')[0], 'the same zoom')
  assert.deepEqual(other.failures, [])
})

test('a click on one lamp opens it; a click on two asks which', async () => {
  const page = await pageFor(browser, server, people.shift_leader, { map: true })
  await page.goto(`/map?at=18/${PLACE.lat + 0.0006}/${PLACE.lng + 0.0004}&layers=components`)
  await drawn(page)
  const [x, y] = await pixelOf(page, PLACE.lng + 0.0004, PLACE.lat + 0.0006)
  await page.mouse.click(x, y)
  await page.getByRole('article', { name: 'Lamp 2' }).waitFor()
  await page.keyboard.press('Escape')
  await settled(page)
  const [u, v] = await pixelOf(page, PLACE.lng + 0.0008, PLACE.lat + 0.0006)
  await page.mouse.click(u, v)
  const crowd = page.getByRole('region', { name: '2 here' })
  await crowd.getByRole('button').nth(2).waitFor()
  await page.screenshot({ path: `${out}/map-crowd.png` })
  await crowd.getByRole('listitem').first().getByRole('button').click()
  await page.getByRole('article', { name: /Lamp [34]/ }).waitFor()
  assert.deepEqual(page.failures, [])
})

test('a box is drawn; what is inside is counted by class and listed', async () => {
  const page = await pageFor(browser, server, people.leader, { map: true })
  await page.goto(`/map?at=18/${PLACE.lat + 0.0006}/${PLACE.lng + 0.0002}&layers=components`)
  await drawn(page)
  await page.getByRole('button', { name: 'Select by box' }).click()
  const [x, y] = await pixelOf(page, PLACE.lng - 0.0001, PLACE.lat + 0.0007)
  const [u, v] = await pixelOf(page, PLACE.lng + 0.0005, PLACE.lat + 0.0005)
  await page.mouse.click(x, y)
  await page.mouse.move((x + u) / 2, (y + v) / 2)
  await page.mouse.click(u, v)
  const selection = page.getByRole('region', { name: 'Selection' })
  await selection.getByRole('row').first().waitFor()
  assert.match(await selection.innerText(), /Components\s*2/)
  await page.screenshot({ path: `${out}/map-selection.png` })
  await selection.getByRole('button', { name: 'Components' }).click()
  await until(() => page.locator('.thing').allInnerTexts(), (texts) => texts.length === 2, 'two lamps are listed')
  assert.deepEqual(page.failures, [])
})

test('without a map the list holds the same things, by keyboard', async () => {
  const page = await pageFor(browser, server, people.leader)
  await page.goto(`/map?at=${at()}&layers=components&side=list`)
  await page.getByText('Lamp 1').first().waitFor({ timeout: 15_000 })
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('article', { name: /Lamp/ }).waitFor()
  assert.match(new URL(page.url()).searchParams.get('thing') ?? '', /^components:\d{17}$/)
  assert.equal(await page.getByRole('toolbar', { name: 'Map tools' }).count(), 0, 'nothing to draw with where nothing is drawn')
  assert.deepEqual(await axe(page), [])
  assert.deepEqual(page.failures, [])
})

test('a lamp that is moved is drawn at its new place on the open screen of somebody else', async () => {
  const page = await pageFor(browser, server, people.leader, { map: true })
  const asked = []
  page.on('request', (request) => request.url().includes('/api/tiles/components/') && asked.push(request.url()))
  await page.goto(`/map?at=18/${PLACE.lat + 0.0006}/${PLACE.lng}&layers=components`)
  await drawn(page)
  const before = asked.length
  const view = await admin.get(`/api/components/${lamps[0].code}`)
  await admin.post(`/api/components/${lamps[0].code}/steps`, { command_id: newId(), version: view.version, step: 'move', place: `POINT(${PLACE.lng - 0.0002} ${PLACE.lat + 0.0006})`, accuracy: 'B' })
  await until(async () => asked.length, (n) => n > before, 'the tiles around it are asked for again')
  assert.ok(asked.length - before < 12, 'only those around it')
  assert.ok(CLASS)
  assert.deepEqual(page.failures, [])
})
