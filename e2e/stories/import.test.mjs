// A file of street trees comes in: what is wrong is shown with its place, the right rows are written, the same file changes nothing,
// and the trees leave again as a file. Shops and an address come in the same way, from their own pages.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, out, pageFor, person, settled, startBrowser, startServer, until } from '../harness.mjs'

let server
let browser
let admin

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  admin = await person(server, 'system_admin')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const tree = (n, lng, lat) => `TREE-${n},street_tree,${lng},${lat},Elm ${n}`
const good = Array.from({ length: 40 }, (_, n) => tree(n, (-71.0603 + (n % 8) * 0.0004).toFixed(6), (42.3582 + Math.floor(n / 8) * 0.0003).toFixed(6)))
const csv = (rows) => `﻿asset_id,type,lon,lat,name\r\n${rows.join('\r\n')}\r\n`

async function bring(page, name, rows) {
  const path = join(out, name)
  writeFileSync(path, csv(rows))
  await page.goto('/admin/transfers')
  await page.locator('input[type=file]').setInputFiles(path)
  await page.waitForURL('**/admin/transfers/*')
  await page.getByRole('heading', { name: 'What the columns mean' }).waitFor()
}

test('trees are tried, written once, and taken away again', async () => {
  const page = await pageFor(browser, server, admin)
  await bring(page, 'trees.csv', [...good, 'TREE-90,street_tree,-60.0,42.3582,Far away', 'TREE-91,bush,-71.0603,42.3582,No tree'])
  await page.getByText('all 42', { exact: false }).or(page.getByText(/of 20 sample positions/)).first().waitFor()

  const field = (label) => page.locator('.row', { has: page.locator('.name', { hasText: new RegExp(`^${label}`) }) })
  await field('Class').getByRole('button', { name: 'Translate' }).click()
  await field('Class').getByRole('combobox', { name: 'street_tree' }).fill('2026-component-04002')
  await field('Class').getByRole('combobox', { name: 'street_tree' }).blur()
  await field('Supervising body, code').getByLabel(/Fixed value/).fill('91330100799655058B')
  await field('Supervising body, code').getByLabel(/Fixed value/).blur()
  await field('Supervising body').last().getByLabel(/Fixed value/).fill('Parks')
  await field('Supervising body').last().getByLabel(/Fixed value/).blur()
  await page.getByLabel('Name of the mapping').fill('Street trees')
  await page.getByRole('button', { name: 'Save the mapping' }).click()
  await until(() => admin.get('/api/transfer-profiles'), (page) => page.items.length === 1, 'the mapping is kept')

  await page.getByRole('button', { name: 'Try every row' }).click()
  await page.getByText('2 faults').waitFor({ timeout: 60_000 })
  await page.getByText(/no unit grid/).first().waitFor()
  await page.screenshot({ path: `${out}/import-tried.png`, fullPage: true })
  await page.getByLabel(/Best effort/).check()
  await page.getByRole('button', { name: 'Write the rows' }).click()
  await page.getByRole('heading', { name: 'Done', exact: true }).waitFor({ timeout: 60_000 })
  await page.screenshot({ path: `${out}/import-done.png`, fullPage: true })

  await bring(page, 'trees-again.csv', good)
  await page.getByLabel('Use a saved mapping').selectOption('Street trees')
  await page.getByLabel(/Best effort/).check()
  await page.getByRole('button', { name: 'Write the rows' }).click()
  await page.getByRole('heading', { name: 'Done', exact: true }).waitFor({ timeout: 60_000 })
  const list = await admin.get('/api/transfers')
  assert.equal(list.items[0].counts.unchanged, 40)
  assert.equal(list.items[1].counts.new, 40)

  const answer = await fetch(`${server.url}/api/exports/components?format=geojson&class=2026-component-04002`, { headers: { cookie: admin.cookie } })
  const trees = await answer.json()
  assert.equal(trees.features.length, 40)
  assert.ok(trees.features.every((one) => /^9901\d{2}04002\d{6}$/.test(one.properties.code)))

  for (const [width, height] of [[390, 844], [1440, 900]]) {
    const small = await pageFor(browser, server, admin, { width, height, language: 'zh' })
    await small.goto('/admin/transfers')
    await small.getByRole('heading', { name: '导入导出' }).first().waitFor()
    await small.screenshot({ path: `${out}/transfers-${width}.png` })
    await small.goto(`/admin/transfers/${list.items[1].id}`)
    await small.getByText('已写入').first().waitFor()
    await small.screenshot({ path: `${out}/transfer-${width}.png`, fullPage: true })
    await small.context().close()
  }
  assert.deepEqual(page.failures, [])
})

test('shops come in from the page of their register, and leave again', async () => {
  await until(() => admin.get('/api/registers'), (found) => found.some((one) => one.register.id === 'shop'), 'the packs of the program are in force')
  const path = join(out, 'shops.csv')
  writeFileSync(path, '\ufeff名称,类别,门牌地址,经度,纬度,产生油烟\r\nBeacon Noodles,餐饮,33 Beacon St,-71.0603,42.3582,是\r\nNoisy Bar,night club,35 Beacon St,-71.0601,42.3582,否\r\n')
  const page = await pageFor(browser, server, admin)
  await page.goto('/registers/shop')
  await page.getByRole('link', { name: 'Import a file' }).click()
  await page.waitForURL('**/admin/transfers?to=register&register=shop')
  await until(() => page.getByLabel('What is brought in').inputValue(), (chosen) => chosen === 'shop', 'the register is chosen')
  await page.locator('input[type=file]').setInputFiles(path)
  await page.waitForURL('**/admin/transfers/*?to=register&register=shop')
  await page.getByLabel('Column of Address').waitFor()
  assert.equal(await page.getByLabel('Column of Address').inputValue(), '门牌地址')
  await page.getByRole('button', { name: 'Try every row' }).click()
  await page.getByText('1 fault', { exact: true }).waitFor({ timeout: 60_000 })
  await page.getByRole('row', { name: '3 Kind There is no such value.' }).waitFor()
  await settled(page)
  assert.deepEqual(await axe(page), [])
  await page.screenshot({ path: `${out}/import-shops.png`, fullPage: true })
  await page.getByLabel(/Best effort/).check()
  await page.getByRole('button', { name: 'Write the rows' }).click()
  await page.getByRole('heading', { name: 'Done', exact: true }).waitFor({ timeout: 60_000 })

  await page.getByRole('link', { name: 'See Street-side shops' }).click()
  await page.getByRole('button', { name: 'Beacon Noodles' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Noisy Bar' }).count(), 0)
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Export: Street-side shops' })
  await dialog.getByLabel('Format').selectOption('csv')
  const coming = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Download the file' }).click()
  const file = await coming
  assert.equal(file.suggestedFilename(), 'shop.csv')
  assert.match(readFileSync(await file.path(), 'utf8'), /Beacon Noodles,food,open/)

  await page.getByRole('button', { name: 'Beacon Noodles' }).click()
  await page.getByText('Brought in with a file').waitFor()
  assert.deepEqual(page.failures, [])
})

test('an address comes in from the page of addresses and is found there', async () => {
  const path = join(out, 'addresses.csv')
  writeFileSync(path, 'id,kind,name_en,lng,lat\r\npoi-lantern,poi,Lantern Rock,-71.0603,42.3582\r\npoi-nameless,poi,,-71.0603,42.3582\r\n')
  const page = await pageFor(browser, server, admin)
  await page.goto('/admin/places')
  await page.getByRole('link', { name: 'Import a file' }).click()
  await page.waitForURL('**/admin/transfers?to=addresses')
  await page.locator('input[type=file]').setInputFiles(path)
  await page.waitForURL('**/admin/transfers/*?to=addresses')
  await page.getByLabel('Column of Identity').waitFor()
  await page.getByLabel(/Best effort/).check()
  await page.getByRole('button', { name: 'Write the rows' }).click()
  await page.getByRole('heading', { name: 'Done', exact: true }).waitFor({ timeout: 60_000 })
  await page.getByRole('row', { name: /^3 Chinese name/ }).waitFor()
  await page.screenshot({ path: `${out}/import-addresses.png`, fullPage: true })
  await page.getByRole('link', { name: 'See Addresses' }).click()
  await page.getByLabel('Find').fill('Lantern Rock')
  await page.getByRole('button', { name: 'Lantern Rock' }).waitFor()
  assert.deepEqual(page.failures, [])
})
