// The stories of the loop, each through the screens of the people who take its steps.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCase, refusedBecause, takeStep } from '../act.mjs'
import { out, pageFor, person, photo, startBrowser, startServer, until } from '../harness.mjs'
import { PLACE, bring, everybody, report } from '../world.mjs'

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

const photoFile = (name) => ({ name, mimeType: 'image/png', buffer: photo() })

test('a citizen reports, the case goes all the way round, is closed and rated', async () => {
  const phone = await pageFor(browser, server, null, { width: 390, height: 844 })
  const sent = await phone.request.post(`${server.url}/api/public/cases`, {
    data: { id: (await import('../harness.mjs')).newId(), text: 'The street light is out, it is dark', place: PLACE, class: '2026-component-01037', photos: [], reporter: { name: 'Lin', phone: '6175550199', callback: true } },
  })
  assert.equal(sent.status(), 201, await sent.text())
  const { id, secret } = await sent.json()
  const collector = people.collector
  const intake = await pageFor(browser, server, people.intake_operator)
  await takeStep(intake, people.intake_operator, id, 'Request confirmation', async (form) => form.getByRole('radio').first().check())
  const asked = await people.intake_operator.see(id)
  assert.equal(asked.stage, 'confirming')
  // Whoever was asked answers; the ready-made collector gets the task.
  if (asked.collector.id !== collector.me.person.id) await people.intake_operator.step(id, { step: 'change_collector', collector: collector.me.person.id, reason: 'nearer' })
  await collector.step(id, { step: 'answer_confirmation', outcome: 'true', evidence: [{ attachment: await collector.photo(), kind: 'on_spot' }], position: { lng: PLACE.lng, lat: PLACE.lat } })
  await takeStep(intake, people.intake_operator, id, 'Accept')
  const leader = await pageFor(browser, server, people.shift_leader)
  await takeStep(leader, people.shift_leader, id, 'File', async (form) => form.getByRole('radio').first().check())
  const filed = await people.shift_leader.see(id)
  assert.ok(filed.filing, 'the filing condition fixes the limits')
  await bring(people, id, 'dispatched')
  const department = people.department_officer.me.department.id
  const now = await people.dispatcher.see(id)
  assert.equal(now.stage, 'dispatched')
  if (now.department.id !== department) {
    assert.fail(`dispatched to ${now.department.name.en}, the ready-made officer is of ${people.department_officer.me.department.name.en}`)
  }
  const officer = await pageFor(browser, server, people.department_officer)
  await takeStep(officer, people.department_officer, id, 'Sign for')
  await takeStep(officer, people.department_officer, id, 'Assign a handler', async (form) => form.getByRole('radio').first().check())
  const assigned = await people.department_officer.see(id)
  assert.ok(assigned.handler)
  if (assigned.handler.id !== people.handler.me.person.id) await people.department_officer.step(id, { step: 'assign', handler: people.handler.me.person.id })
  const handler = await pageFor(browser, server, people.handler)
  await takeStep(handler, people.handler, id, 'Reply with the result', async (form) => {
    await form.locator('textarea').first().fill('Lamp and ballast replaced, light is on')
    await form.locator('input[type=file]').first().setInputFiles(photoFile('after.png'))
    await form.page().waitForTimeout(500)
  })
  const dispatcher = await pageFor(browser, server, people.dispatcher)
  await takeStep(dispatcher, people.dispatcher, id, 'Pass on to supervision')
  await bring(people, id, 'verified')
  await takeStep(intake, people.intake_operator, id, 'Log a call back', async (form) => {
    await form.getByRole('radio', { name: 'Reached', exact: true }).check()
    await form.getByRole('radio', { name: 'Satisfied', exact: true }).check()
    await form.getByLabel(/remark/i).fill('Light is on again, the caller says thank you')
  })
  assert.deepEqual((({ reached, satisfied }) => ({ reached, satisfied }))((await people.intake_operator.see(id)).callback), { reached: true, satisfied: true })
  await takeStep(leader, people.shift_leader, id, 'Close')
  assert.equal((await people.shift_leader.see(id)).stage, 'closed')
  await leader.screenshot({ path: `${out}/case-closed.png` })
  await phone.goto(`/citizen/f/${secret}`)
  await phone.getByText(/33 Beacon St/).first().waitFor()
  const rating = phone.getByRole('radio', { name: 'Very satisfied', exact: true })
  await rating.focus()
  await phone.keyboard.press('Space')
  await phone.getByRole('textbox', { name: /Tell us more/ }).first().fill('Thank you')
  await phone.getByRole('button', { name: 'Send the rating' }).click()
  const rated = await until(() => people.shift_leader.see(id), (view) => view.rating !== null, 'the rating arrives')
  assert.equal(rated.rating.stars, 5)
  assert.equal(rated.rating.remark, 'Thank you')
  await phone.getByText('You gave').waitFor()
  assert.deepEqual(phone.failures, [])
})

test('a failed verification sends the case round again, then it is closed', async () => {
  const id = await report(people)
  await bring(people, id, 'verifying')
  const collector = await pageFor(browser, server, people.collector)
  await takeStep(collector, people.collector, id, 'Answer verification', async (form) => {
    await form.getByRole('radio', { name: /fail|not/i }).first().check()
    await form.getByLabel(/opinion/i).first().fill('Still dark after 20:00')
    await form.locator('input[type=file]').first().setInputFiles(photoFile('spot.png'))
    const details = form.locator('details.position')
    await details.evaluate((node) => (node.open = true))
    await form.getByLabel(/longitude/i).fill(String(PLACE.lng))
    await form.getByLabel(/latitude/i).fill(String(PLACE.lat))
    await form.page().waitForTimeout(500)
  })
  const intake = await pageFor(browser, server, people.intake_operator)
  await takeStep(intake, people.intake_operator, id, 'Order rework')
  const again = await people.intake_operator.see(id)
  assert.equal(again.reworks, 1)
  assert.equal(again.stage, 'dispatched')
  await bring(people, id, 'verified')
  const view = await people.intake_operator.see(id)
  if (view.actions.some((action) => action.step === 'call_back' && action.allowed)) await people.intake_operator.step(id, { step: 'call_back', reached: true, satisfied: true })
  const leader = await pageFor(browser, server, people.shift_leader)
  await takeStep(leader, people.shift_leader, id, 'Close')
  assert.equal((await people.shift_leader.see(id)).stage, 'closed')
})

test('a wrong department returns the case, it is given to another', async () => {
  const id = await report(people)
  await bring(people, id, 'dispatched')
  const first = (await people.dispatcher.see(id)).department.id
  const officer = await pageFor(browser, server, people.department_officer)
  await takeStep(officer, people.department_officer, id, 'Ask to return', async (form) => form.getByLabel(/reason/i).first().fill('The lamp belongs to the park department'))
  const dispatcher = await pageFor(browser, server, people.dispatcher)
  await takeStep(dispatcher, people.dispatcher, id, 'Approve the return')
  const returned = await people.dispatcher.see(id)
  assert.equal(returned.stage, 'filed')
  assert.equal(returned.returns, 1)
  assert.ok(!returned.actions.some((action) => action.step === 'dispatch' && action.allowed), 'only a correction is open after a return')
  const other = (await people.dispatcher.get('/api/vocabulary')).departments.find((one) => one.handles && one.active && one.level === 'city' && one.id !== first && !one.name.en.includes('Street Light'))
  await takeStep(dispatcher, people.dispatcher, id, 'Reassign', async (form) => {
    const box = form.getByRole('textbox', { name: /department/i }).or(form.getByRole('combobox', { name: /department/i })).or(form.getByRole('searchbox')).first()
    await box.fill(other.name.en)
    const option = form.page().getByRole('option', { name: other.name.en }).or(form.getByRole('radio', { name: other.name.en })).first()
    await option.waitFor()
    await option.click()
  })
  const now = await people.dispatcher.see(id)
  assert.equal(now.department.id, other.id)
})

test('an extension and a suspension go through their approvals', async () => {
  const id = await report(people)
  await bring(people, id, 'handling')
  const due = (await people.handler.see(id)).clocks.find((clock) => clock.kind === 'handle').due_at
  const officer = await pageFor(browser, server, people.department_officer)
  await takeStep(officer, people.department_officer, id, 'Ask for an extension', async (form) => form.getByLabel(/reason/i).first().fill('Waiting for the cable'))
  const dispatcher = await pageFor(browser, server, people.dispatcher)
  const asked = await people.dispatcher.see(id)
  assert.deepEqual(asked.approvals, ['extension'])
  await takeStep(dispatcher, people.dispatcher, id, 'Approve the extension')
  const extended = await people.handler.see(id)
  assert.equal(extended.extensions, 1)
  assert.ok(extended.clocks.find((clock) => clock.kind === 'handle').due_at > due, 'the deadline moved')
  await takeStep(officer, people.department_officer, id, 'Ask to suspend', async (form) => {
    const day = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 16)
    await form.locator('input[type=datetime-local]').fill(day)
    await form.getByLabel(/reason/i).first().fill('The road is closed for works')
  })
  await takeStep(dispatcher, people.dispatcher, id, 'Approve the suspension')
  const suspended = await people.dispatcher.see(id)
  assert.equal(suspended.stage, 'suspended')
  assert.equal(suspended.light, 'grey')
  await takeStep(dispatcher, people.dispatcher, id, 'Resume')
  assert.equal((await people.dispatcher.see(id)).stage, 'handling')
})

test('a duplicate is joined and taken apart again, both keep their story', async () => {
  const original = await report(people, { text: 'Lamp post leans over the pavement' })
  const twin = await report(people, { text: 'Leaning lamp post on the pavement' })
  const found = await people.intake_operator.post('/api/duplicates', { text: 'Lamp post leans on the pavement', class: '2026-component-01037', lng: PLACE.lng, lat: PLACE.lat, attachments: [] })
  assert.ok(found.some((one) => one.line.id === original), 'the original is proposed while typing')
  await people.intake_operator.step(twin, { step: 'merge', into: original }).catch(async (error) => {
    // Merging a report into another goes through the shift leader's approval where the procedure says so.
    if (error.status !== 403) throw error
    await people.shift_leader.step(twin, { step: 'merge', into: original })
  })
  const merged = await people.shift_leader.see(twin)
  assert.equal(merged.stage, 'withdrawn')
  assert.equal(merged.merged_into.id, original)
  assert.equal((await people.shift_leader.see(original)).duplicates, 1)
  const leader = await pageFor(browser, server, people.shift_leader)
  await takeStep(leader, people.shift_leader, twin, 'Un-merge', async (form) => form.getByLabel(/reason/i).first().fill('Two different posts'))
  const apart = await people.shift_leader.see(twin)
  assert.equal(apart.stage, 'reported')
  assert.equal((await people.shift_leader.see(original)).duplicates, 0)
  const story = await people.shift_leader.get(`/api/cases/${twin}/facts`)
  assert.ok(['merged', 'unmerged'].every((name) => story.items.some((fact) => fact.fact === name)))
})

test('a handler who wants to close is refused and told why', async () => {
  const id = await report(people)
  await bring(people, id, 'handling')
  const handler = await pageFor(browser, server, people.handler)
  await openCase(handler, id)
  const shown = await handler.getByRole('group', { name: 'Other steps' }).getByRole('button', { name: 'Close', exact: true }).count()
  if (shown > 0) assert.match(await refusedBecause(handler, id, 'Close'), /\w{4,}/)
  await assert.rejects(people.handler.step(id, { step: 'close' }), (error) => {
    assert.equal(error.status, 403)
    assert.match(error.problem.detail, /handl|close|shift leader/i)
    return true
  })
  assert.ok(shown > 0, 'the step is shown greyed with its reason')
  assert.equal((await people.shift_leader.see(id)).stage, 'handling', 'nothing has changed')
})
