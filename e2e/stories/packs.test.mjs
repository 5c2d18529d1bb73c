// A pack of a city's own: a register comes by dropping its folder, a slip of the pen is told with file and line, and
// what is written on the page is checked against what the city has.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, out, pageFor, person, settled, startBrowser, startServer, until } from '../harness.mjs'
import { PLACE } from '../world.mjs'

let server
let browser
let admin

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  admin = await person(server, 'system_admin')
  await until(() => admin.get('/api/registers'), (found) => found.length >= 6, 'the packs of the program are in force')
})
after(async () => {
  await browser?.close()
  await server?.stop()
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
  await packs.getByText('heritage/heritage_tree.toml:23:8').first().waitFor({ timeout: 15_000 })
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
  await packs.getByLabel('File', { exact: true }).selectOption('heritage_tree.toml')
  const editor = packs.getByRole('textbox', { name: 'heritage_tree.toml' })
  await editor.fill(tree.split('[[field]]\nid = "girth"')[0].replace('"girth", ', ''))
  await packs.getByText('1 entry concerned').waitFor()
  await packs.screenshot({ path: join(out, 'packs-live-check.png') })
  assert.deepEqual(page.failures, [])
})
