// Every screen of every role: it opens without a failure, breaks no rule of accessibility, and is pictured
// at desktop and phone size, light and dark, in both languages, into e2e/out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, out, pageFor, person, startBrowser, startServer } from '../harness.mjs'
import { bring, everybody, report } from '../world.mjs'

let server
let browser
let people
const cases = {}

before(async () => {
  server = await startServer()
  browser = await startBrowser()
  people = await everybody(server, person)
  for (const role of ['system_admin', 'security_admin', 'audit_admin']) people[role] = await person(server, role)
  for (const stage of ['reported', 'filed', 'handling', 'verified']) {
    cases[stage] = await report(people, { text: `Street light out, ${stage}` })
    await bring(people, cases[stage], stage)
  }
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const screens = () => [
  [null, '/login'],
  ['intake_operator', '/work'],
  ['intake_operator', '/intake'],
  ['intake_operator', `/cases/${cases.reported}`],
  ['shift_leader', `/cases/${cases.verified}`],
  ['dispatcher', '/work'],
  ['dispatcher', `/cases/${cases.filed}`],
  ['dispatcher', '/cases'],
  ['leader', '/map'],
  ['leader', '/evaluation'],
  ['dispatcher', '/evaluation/ledgers'],
  ['system_admin', '/admin/departments'],
  ['system_admin', '/admin/catalogue'],
  ['system_admin', '/admin/calendar'],
  ['system_admin', '/admin/procedures'],
  ['system_admin', '/admin/limits'],
  ['system_admin', '/admin/responsibility'],
  ['system_admin', '/admin/settings'],
  ['system_admin', '/admin/check'],
  ['shift_leader', '/admin/roster'],
  ['security_admin', '/admin/people'],
  ['audit_admin', '/admin/audit'],
  [null, '/citizen/'],
  [null, '/citizen/report'],
  ['collector', '/street/'],
  ['handler', '/street/'],
]

const settled = async (page) => {
  await page.waitForLoadState('networkidle', { timeout: 15_000 }).catch(() => {})
  await page.waitForTimeout(300)
}
const fileOf = (role, path, more) => `${out}/${(role ?? 'anybody')}${path.replace(/[0-9a-f-]{36}/, 'case').replaceAll('/', '-').replace(/-$/, '')}-${more}.png`

test('no screen breaks a rule of accessibility or fails, and each is pictured', async () => {
  const problems = []
  for (const [role, path] of screens()) {
    const who = role ? people[role] : null
    const phone = path.startsWith('/citizen') || path.startsWith('/street')
    const looks = phone ? [['zh', 390, false], ['en', 390, true]] : [['zh', 1440, false], ['en', 1440, true]]
    for (const [language, width, dark] of looks) {
      const page = await pageFor(browser, server, who, { width, height: width < 500 ? 844 : 900, language, dark })
      await page.goto(path)
      await settled(page)
      for (const violation of await axe(page)) problems.push(`${role} ${path} ${language}: ${violation}`)
      for (const failure of page.failures) problems.push(`${role} ${path} ${language}: ${failure}`)
      await page.screenshot({ path: fileOf(role, path, `${language}-${width}${dark ? '-dark' : ''}`) })
      await page.context().close()
    }
  }
  assert.deepEqual(problems, [])
})
