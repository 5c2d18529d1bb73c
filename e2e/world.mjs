// A case brought to a stage through the API, for stories that begin there. Every step is taken by the person
// whose step it is; nothing is skipped.
import { newId } from './harness.mjs'

export const PLACE = { lng: -71.0603, lat: 42.3582, address: '33 Beacon St' }
export const CLASS = '2026-component-01037'

/** Everybody a story may need, signed in. */
export async function everybody(server, person) {
  const roles = ['intake_operator', 'shift_leader', 'dispatcher', 'department_officer', 'handler', 'collector', 'leader', 'supervisor']
  const people = {}
  for (const role of roles) {
    people[role] = await person(server, role)
    people[role].me = await people[role].get('/api/me')
  }
  return people
}

/** A hotline report taken by intake. */
export async function report(people, { text = 'Street light out at the corner', ...more } = {}) {
  const id = newId()
  const photo = await people.intake_operator.photo()
  await people.intake_operator.post('/api/cases', { id, source: 'hotline', text, class: CLASS, place: PLACE, evidence: [{ attachment: photo, kind: 'near' }], ...more })
  return id
}

const departmentOf = (people) => people.department_officer.me.department.id

const STAGES = ['reported', 'accepted', 'filed', 'dispatched', 'handling', 'replied', 'ready_to_verify', 'verifying', 'verified']

/** Takes a reported case on to `stage`; `at` is where it is, and where the collector stands. */
export async function bring(people, id, stage, at = PLACE) {
  const position = { lng: at.lng, lat: at.lat }
  const department = departmentOf(people)
  const steps = {
    accepted: async () => {
      const view = await people.intake_operator.see(id)
      if (view.actions.some((action) => action.step === 'accept' && !action.allowed && action.because.code === 'not_confirmed')) {
        await people.intake_operator.step(id, { step: 'request_confirmation', collector: people.collector.me.person.id })
        await people.collector.step(id, { step: 'answer_confirmation', outcome: 'true', evidence: [{ attachment: await people.collector.photo(), kind: 'on_spot' }], position })
      }
      await people.intake_operator.step(id, { step: 'accept' })
    },
    filed: () => people.shift_leader.step(id, { step: 'file', class: CLASS, criterion: 1 }),
    dispatched: async () => {
      // The procedure may have dispatched it already; then the right department is asked for by the story itself.
      const view = await people.dispatcher.see(id)
      if (view.stage === 'filed') await people.dispatcher.step(id, { step: 'dispatch', department })
    },
    handling: async () => {
      await people.department_officer.step(id, { step: 'sign_for' })
      await people.department_officer.step(id, { step: 'assign', handler: people.handler.me.person.id })
    },
    replied: async () => people.handler.step(id, { step: 'reply', text: 'Lamp replaced', evidence: [{ attachment: await people.handler.photo(), kind: 'after' }] }),
    ready_to_verify: () => people.dispatcher.step(id, { step: 'pass_on' }),
    verifying: () => people.intake_operator.step(id, { step: 'request_verification', collector: people.collector.me.person.id }),
    verified: async () => people.collector.step(id, { step: 'answer_verification', outcome: 'passed', evidence: [{ attachment: await people.collector.photo(), kind: 'on_spot' }], position }),
  }
  const now = (await people.shift_leader.see(id)).stage
  for (const name of STAGES.slice(STAGES.indexOf(now) + 1, STAGES.indexOf(stage) + 1)) await steps[name]()
  return people.shift_leader.see(id)
}

const CREDIT = '0123456789ABCDEFGHJKLMNPQRTUWXY'
/** A unified social credit code that is right: 17 characters and the one that follows from them (GB 32100). */
export function creditCode(first) {
  let [sum, weight] = [0, 1]
  for (const character of first) {
    sum += CREDIT.indexOf(character) * weight
    weight = (weight * 3) % 31
  }
  return first + CREDIT[(31 - (sum % 31)) % 31]
}
export const BODY = { name: 'Street Lighting Division', code: creditCode('12370700MB1234567') }

/** A street lamp put on the register by the system administrator. */
export function lamp(admin, { name = 'Lamp', lng = PLACE.lng, lat = PLACE.lat, ...more } = {}) {
  return admin.post('/api/components', { command_id: newId(), class: CLASS, place: `POINT(${lng} ${lat})`, accuracy: 'B', state: 'intact', values: { name, supervisor: BODY, ...more } })
}
