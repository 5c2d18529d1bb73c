// The workbench by keyboard, the end of a shift, and the case page where no map can be drawn.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { takeStep } from '../act.mjs'
import { pageFor, person, settled, startBrowser, startServer, until } from '../harness.mjs'
import { bring, everybody, report } from '../world.mjs'

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

test('the key . opens the other steps, arrows choose, Enter opens the form', async () => {
  const id = await report(people)
  await bring(people, id, 'accepted')
  const page = await pageFor(browser, server, people.shift_leader)
  await page.goto('/work?queue=to_file')
  await page.getByRole('article').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('.')
  const menu = page.getByRole('menu', { name: 'More steps' })
  await menu.waitFor()
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('role'))
  await until(focused, (role) => role === 'menuitem', 'the menu has the focus')
  assert.ok((await menu.locator('[aria-disabled=true] .because').count()) > 0, 'steps that are not possible say why')
  // Walks to the wanted step as a hand would.
  for (let step = 0; step < 30; step += 1) {
    if ((await page.evaluate(() => document.activeElement?.innerText ?? '')).startsWith('Send back')) break
    await page.keyboard.press('ArrowDown')
  }
  await page.keyboard.press('Enter')
  const form = page.getByRole('form', { name: 'Send back', exact: true })
  await form.waitFor()
  await until(() => form.evaluate((node) => node.contains(document.activeElement)), Boolean, 'the form has the cursor')
  await page.keyboard.type('The place is not clear')
  await page.keyboard.press('Control+Enter')
  await until(() => people.shift_leader.see(id), (now) => now.stage === 'reported', 'it went back to intake')
  assert.deepEqual(page.failures, [])
})

test('an operator hands the shift over from the workbench', async () => {
  const id = await report(people)
  await people.intake_operator.step(id, { step: 'claim' }).catch((error) => {
    // Whoever reports it has it already.
    if (error.status !== 409 && error.status !== 403) throw error
  })
  const mine = (await people.intake_operator.see(id)).intake
  assert.equal(mine.id, people.intake_operator.me.person.id)
  const page = await pageFor(browser, server, people.intake_operator)
  await page.goto('/work')
  await page.getByRole('button', { name: 'Hand over', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const to = dialog.getByRole('combobox', { name: 'To', exact: false })
  await to.focus()
  await page.getByRole('listbox').getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Hand over all tasks' }).click()
  await dialog.getByRole('status').waitFor()
  const after = (await people.shift_leader.see(id)).intake
  assert.notEqual(after.id, mine.id, 'somebody else has it now')
  assert.deepEqual(page.failures, [])
})

test('where no map can be drawn every task goes on, a place is given by words and numbers', async () => {
  const id = await report(people)
  const page = await pageFor(browser, server, people.intake_operator)
  await page.context().route(/\/basemap\/|maplibre|pmtiles/, (route) => route.abort())
  // A whole report: the place by words.
  await page.goto('/intake')
  await page.locator('#intake-text').fill('Street light out, corner is dark')
  await page.keyboard.press('Tab')
  await page.getByRole('listbox').getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.type('Beacon St')
  await page.getByRole('listbox').getByRole('option').filter({ hasText: 'Beacon St' }).first().waitFor()
  await page.keyboard.press('Enter')
  await page.getByText(/^grid \d/).waitFor()
  await page.keyboard.press('Control+Enter')
  await page.locator('[data-number]').first().waitFor()
  // The page of a case: says so, and puts a wrong place right by its numbers.
  await page.goto(`/cases/${id}`)
  await settled(page)
  await page.getByText('This device cannot draw the map').waitFor()
  await takeStep(page, people.intake_operator, id, 'Correct', async (form) => {
    await form.getByText('Locate by coordinates').click()
    await form.getByLabel(/longitude/i).fill('-71.0712')
    await form.getByLabel(/latitude/i).fill('42.3517')
    await form.getByLabel(/latitude/i).press('Tab')
    await form.getByText(/^grid \d/).waitFor()
  })
  const moved = await people.intake_operator.see(id)
  assert.ok(Math.abs(moved.lng + 71.0712) < 1e-6 && Math.abs(moved.lat - 42.3517) < 1e-6, `${moved.lng} ${moved.lat}`)
  assert.deepEqual(page.failures, [])
})
