// The street page where there is no signal: it opens, shows today's tasks, takes a report, and sends it later.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { out, pageFor, person, photo, startBrowser, startServer, until } from '../harness.mjs'
import { everybody, report } from '../world.mjs'

let server
let browser
let people

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** What lies on the phone's shelf. */
const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opened = indexedDB.open('yiwang', 1)
        opened.onerror = () => reject(opened.error)
        opened.onsuccess = () => {
          const keys = opened.result.transaction('records').objectStore('records').getAllKeys()
          keys.onsuccess = () => resolve(keys.result)
        }
      }),
  )

test('a collector opens the page without signal, reads the tasks, reports; it is sent when the line is back', async () => {
  const collector = people.collector
  const task = await report(people, { text: 'Street light out behind the station' })
  await people.intake_operator.step(task, { step: 'request_confirmation', collector: collector.me.person.id })
  const page = await pageFor(browser, server, collector, { width: 390, height: 844 })
  await page.goto('/street/')
  await page.getByText('Street light out behind the station').first().waitFor()
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await until(() => page.evaluate(() => navigator.serviceWorker.controller !== null), Boolean, 'the worker has the page')
  // What was met before the worker came is met again now, as on any second visit.
  await page.getByText('Street light out behind the station').first().waitFor()
  await page.getByRole('link', { name: /Street light/ }).first().click()
  await page.waitForURL('**/street/c/**')
  // Shown here means kept: the answer is put away before it is drawn.
  await page.locator('main, article, .stack').getByText('Street light out behind the station').first().waitFor()
  await until(() => kept(page), (keys) => keys.includes('vocabulary'), 'the classes are on the phone')

  await page.context().setOffline(true)
  await page.goto('/street/')
  await page.getByText('Street light out behind the station').first().waitFor({ timeout: 30_000 })
  await page.screenshot({ path: `${out}/street-offline.png` })
  await page.goto(`/street/c/${task}`)
  await page.getByText('Street light out behind the station').first().waitFor({ timeout: 30_000 })

  await page.goto('/street/report')
  const known = new Set((await people.shift_leader.get('/api/cases?limit=50')).items.map((line) => line.id))
  for (const name of ['near.png', 'far.png']) await page.locator('input[type=file]').first().setInputFiles({ name, mimeType: 'image/png', buffer: photo() })
  await page.getByRole('button', { name: 'Choose from the catalogue' }).click()
  const tree = page.locator('.tree')
  await tree.getByText('Components', { exact: true }).click()
  await tree.locator('details.inner summary').first().click()
  await tree.locator('details.inner li button').first().click()
  await page.locator('#words').fill('Found while there was no signal')
  await page.getByRole('button', { name: 'Use my position' }).click()
  await page.getByText(/accura|±|metres|within/i).first().waitFor()
  await page.getByRole('button', { name: 'Send the report' }).click()
  await page.waitForURL('**/street/out/**')
  await page.screenshot({ path: `${out}/street-offline-report.png` })
  assert.equal((await people.shift_leader.get('/api/cases?limit=50')).items.length, known.size, 'nothing has left the phone')

  await page.context().setOffline(false)
  const fresh = await until(
    async () => (await people.shift_leader.get('/api/cases?limit=50')).items.find((line) => !known.has(line.id)),
    Boolean,
    'the report leaves by itself',
  )
  const arrived = await people.shift_leader.see(fresh.id)
  assert.equal(arrived.text, 'Found while there was no signal')
  assert.equal(arrived.evidence.length, 2, 'both photos came along')
  assert.deepEqual(page.failures, [])
})
