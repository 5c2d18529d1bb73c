// The address store: a name is added by the system administrator, found on the map at once, renamed, and found no more
// when it is taken away.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, out, pageFor, person, settled, startBrowser, startServer } from '../harness.mjs'
import { PLACE } from '../world.mjs'

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

test('an address is added, found on the map, renamed and removed', async () => {
  const page = await pageFor(browser, server, admin)
  await page.goto('/admin/places')
  await page.getByRole('button', { name: 'Add address' }).click()
  const form = page.getByRole('dialog', { name: 'Add address' })
  await form.getByLabel('English name').fill('Quillfeather Reading Room')
  await form.getByLabel('Division code').fill('9901')
  await form.getByRole('textbox', { name: /^Position/ }).fill(`POINT(${PLACE.lng} ${PLACE.lat})`)
  await form.getByRole('button', { name: 'Save address' }).click()
  await form.getByText('A division or grid code has 6, 9, 12 or 15 digits.').waitFor()
  await settled(page)
  assert.deepEqual(await axe(page), [])
  await page.screenshot({ path: join(out, 'place-wrong.png') })
  await form.getByLabel('Division code').fill('990101001')
  await form.getByRole('button', { name: 'Save address' }).click()
  await page.getByText('Saved; it is found from now on').waitFor()
  await page.getByRole('dialog', { name: 'Quillfeather Reading Room' }).waitFor()
  const address = page.url()

  // Another person's map, so that nothing is known there from before.
  const leader = await person(server, 'leader')
  const look = async (words) => {
    const map = await pageFor(browser, server, leader)
    await map.goto('/map')
    await map.getByRole('combobox', { name: 'Find on the map' }).fill(words)
    const options = map.getByRole('listbox', { name: 'Find on the map' }).getByRole('option')
    await options.first().or(map.getByText('Nothing found.', { exact: false })).waitFor()
    const found = await options.allTextContents()
    if (found.length) await map.screenshot({ path: join(out, 'place-found.png') })
    assert.deepEqual(map.failures, [])
    await map.context().close()
    return found.filter((one) => one.includes('Reading Room') || one.includes('Listening Room'))
  }
  assert.equal((await look('Quillfeather')).length, 1)

  await page.getByLabel('English name').fill('Thistledown Listening Room')
  await page.getByRole('button', { name: 'Save address' }).click()
  await page.getByRole('dialog', { name: 'Thistledown Listening Room' }).waitFor()
  await page.getByRole('button', { name: 'Versions' }).click()
  await page.getByText('Quillfeather Reading Room').first().waitFor()
  assert.match((await look('Thistledown'))[0], /Thistledown Listening Room/)
  assert.deepEqual(await look('Quillfeather'), [])

  await page.goto(address)
  await page.getByRole('button', { name: 'Remove address' }).click()
  await page.getByRole('button', { name: 'Really remove' }).click()
  await page.getByText('Removed', { exact: true }).first().waitFor()
  assert.deepEqual(await look('Thistledown'), [])
  assert.deepEqual(page.failures, [])
})
