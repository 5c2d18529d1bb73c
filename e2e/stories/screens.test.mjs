// Every screen of every role: it opens without a failure, breaks no rule of accessibility, shows no raw code,
// and is pictured into e2e/out. Two looks meet every
// language, theme and size once, one of them on a device that cannot draw a map; YIWANG_LOOKS=all draws all eight.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { axe, newId, out, pageFor, person, settled, startBrowser, startServer } from '../harness.mjs'
import { CLASS, PLACE, bring, everybody, lamp, report } from '../world.mjs'

let server
let browser
let people
const cases = {}
let secret
let thing

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  for (const role of ['system_admin', 'security_admin', 'audit_admin']) {
    people[role] = await person(server, role)
    people[role].me = await people[role].get('/api/me')
  }
  const stages = ['reported', 'confirming', 'filed', 'dispatched', 'handling', 'verifying', 'verified']
  for (const stage of stages) cases[stage] = await report(people, { text: `Street light out, it is dark at the crossing (${stage})` })
  const operator = people.intake_operator
  await operator.step(cases.confirming, { step: 'request_confirmation', collector: people.collector.me.person.id })
  for (const stage of stages.filter((one) => one !== 'reported' && one !== 'confirming')) await bring(people, cases[stage], stage)
  cases.closed = await report(people, { text: 'Street light out, long since repaired' })
  await bring(people, cases.closed, 'verified')
  await people.shift_leader.step(cases.closed, { step: 'close' })
  thing = (await lamp(people.system_admin, { name: 'Lamp at the crossing' })).code
  // What a citizen sent, followed by its secret link.
  const sent = await fetch(`${server.url}/api/public/cases`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-yiwang': '1' },
    body: JSON.stringify({ id: newId(), text: 'The bench in the park is broken', place: PLACE, class: CLASS, photos: [], reporter: { name: 'Lin', phone: '6175550199', callback: true } }),
  })
  secret = (await sent.json()).secret
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const LOOP = ['intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'collector', 'leader', 'supervisor']
const ADMIN = ['departments', 'people', 'roster', 'duty-grids', 'divisions', 'catalogue', 'limits', 'calendar', 'procedures', 'responsibility', 'templates', 'settings', 'import', 'audit', 'check']
/** Who sees which part of administration: the page of the others is the one that says so. */
const ADMINS = {
  system_admin: ADMIN,
  security_admin: ['departments', 'people'],
  audit_admin: ['audit', 'check'],
  shift_leader: ['roster', 'duty-grids'],
  department_officer: ['departments'],
}

const console_ = () => [
  [null, '/login'],
  ...LOOP.map((role) => [role, '/work']),
  ...LOOP.map((role) => [role, '/cases']),
  ...['intake_operator', 'shift_leader', 'dispatcher', 'leader', 'supervisor'].map((role) => [role, '/map']),
  ['leader', '/map?layers=cases,components,grids&side=list&list=components', 'map-list'],
  ['leader', '/map?layers=cases&heat=true&time=week:2026-11-23', 'map-time'],
  ...['system_admin', 'dispatcher'].flatMap((role) => [[role, '/components'], [role, `/components/${thing}`, 'component']]),
  ['system_admin', '/components/new'],
  ['system_admin', `/components/${thing}/label`, 'label'],
  ...['system_admin', 'leader'].flatMap((role) => [[role, '/edits'], [role, '/surveys']]),
  ['department_officer', '/ownership'],
  ...['shift_leader', 'dispatcher', 'leader', 'supervisor', 'department_officer'].flatMap((role) => [[role, '/evaluation'], [role, '/evaluation/ledgers']]),
  ['intake_operator', '/intake'],
  ['intake_operator', '/password'],
  ...Object.entries(ADMINS).flatMap(([role, parts]) => parts.map((part) => [role, `/admin/${part}`])),
  ...['intake_operator', 'department_officer', 'handler', 'security_admin'].map((role) => [role, '/me']),
  ['intake_operator', `/cases/${cases.reported}`, 'reported'],
  ['collector', `/cases/${cases.confirming}`, 'confirming'],
  ['dispatcher', `/cases/${cases.filed}`, 'filed'],
  ['department_officer', `/cases/${cases.dispatched}`, 'dispatched'],
  ['handler', `/cases/${cases.handling}`, 'handling'],
  ['dispatcher', `/cases/${cases.handling}`, 'handling'],
  ['supervisor', `/cases/${cases.handling}`, 'handling'],
  ['collector', `/cases/${cases.verifying}`, 'verifying'],
  ['shift_leader', `/cases/${cases.verified}`, 'verified'],
  ['leader', `/cases/${cases.closed}`, 'closed'],
  ['leader', '/cases/99010020261122999999', 'missing'],
  ['leader', '/no/such/page'],
]
const phones = () => [
  [null, '/citizen/'],
  [null, '/citizen/report'],
  [null, `/citizen/f/${secret}`, 'follow'],
  [null, `/citizen/c/${thing}`, 'component'],
  [null, `/citizen/report?component=${thing}`, 'component-report'],
  [null, '/street/log-in'],
  ...['collector', 'handler'].flatMap((role) => ['', 'report', 'out', 'me'].map((page) => [role, `/street/${page}`])),
  ...['scan', 'survey', `k/${thing}`].map((page) => ['collector', `/street/${page}`, page.startsWith('k/') ? 'thing' : undefined]),
  ['collector', `/street/c/${cases.confirming}`, 'confirming'],
  ['collector', `/street/c/${cases.confirming}/answer_confirmation`, 'confirm'],
  ['collector', `/street/c/${cases.verifying}/answer_verification`, 'verify'],
  ['handler', `/street/c/${cases.handling}`, 'handling'],
  ['handler', `/street/c/${cases.handling}/reply`, 'reply'],
]

const LOOKS = [
  { language: 'zh', width: 1440, dark: false, map: true },
  { language: 'en', width: 390, dark: true, map: false },
]
const ALL_LOOKS = ['zh', 'en'].flatMap((language) => [1440, 390].flatMap((width) => [false, true].map((dark) => ({ language, width, dark, map: true }))))
/** A phone page is looked at on a phone: the same looks at that size. */
const looksFor = (isPhone) => {
  const looks = process.env.YIWANG_LOOKS === 'all' ? ALL_LOOKS : LOOKS
  return isPhone ? looks.map((look) => ({ ...look, width: 390 })).filter((look, at, all) => all.findIndex((one) => JSON.stringify(one) === JSON.stringify(look)) === at) : looks
}
const fileOf = (role, path, name, { language, width, dark }) => {
  const words = name ? (path.includes('?') ? `/${name}` : path.replace(/[0-9]{15,}|[0-9a-f-]{36}|f\/.*/, name)) : path
  return `${out}/${role ?? 'anybody'}${words.replaceAll('/', '-').replace(/-$/, '')}-${language}-${width}${dark ? '-dark' : ''}.png`
}
/** Message keys and wire codes that slipped through to people's eyes; what is set in type (accounts, columns, files) is meant so. */
const rawCodes = (page) => page.evaluate(() => [...new Set([...document.querySelectorAll('body *')].flatMap((node) => (node.closest('.mono, code, kbd, pre, script, style, option[value=""]') || !node.checkVisibility() ? [] : [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data))).join('\n').match(/\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]+(?:\.[a-z_]+){1,3}\b/g) ?? [])])

async function look(role, list, isPhone) {
  const problems = []
  for (const seen of looksFor(isPhone)) {
    const page = await pageFor(browser, server, role ? people[role] : null, { ...seen, height: seen.width < 500 ? 844 : 900 })
    for (const [, path, name] of list.filter(([whose]) => whose === role)) {
      const say = (what) => problems.push(`${path}${name ? ` (${name})` : ''} ${seen.language} ${seen.width}: ${what}`)
      page.failures.length = 0
      await page.goto(path, { waitUntil: 'commit' })
      await settled(page).catch((error) => say(error.message))
      for (const violation of await axe(page)) say(violation)
      for (const failure of page.failures) say(failure)
      for (const code of await rawCodes(page)) say(`raw code ${code}`)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (wide > 0) say(`${wide} px wider than the screen`)
      await page.screenshot({ path: fileOf(role, path, name, seen) })
    }
    await page.context().close()
  }
  assert.deepEqual(problems, [])
}
// Two at a time: as many as a small machine has cores.
describe('every screen opens, is accessible and speaks to people', { concurrency: 2 }, () => {
  for (const role of [null, ...LOOP, 'system_admin', 'security_admin', 'audit_admin']) test(`of ${role ?? 'anybody'}`, () => look(role, console_(), false))
  for (const role of [null, 'collector', 'handler']) test(`of ${role ?? 'anybody'} on a phone`, () => look(role, phones(), true))
})
