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

/** Takes a reported case on to `stage`. */
export async function bring(people, id, stage) {
  const department = departmentOf(people)
  const steps = {
    accepted: async () => {
      const view = await people.intake_operator.see(id)
      if (view.actions.some((action) => action.step === 'accept' && !action.allowed && action.because.code === 'not_confirmed')) {
        await people.intake_operator.step(id, { step: 'request_confirmation', collector: people.collector.me.person.id })
        await people.collector.step(id, { step: 'answer_confirmation', outcome: 'true', evidence: [{ attachment: await people.collector.photo(), kind: 'on_spot' }], position: { lng: PLACE.lng, lat: PLACE.lat } })
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
    verified: async () => people.collector.step(id, { step: 'answer_verification', outcome: 'passed', evidence: [{ attachment: await people.collector.photo(), kind: 'on_spot' }], position: { lng: PLACE.lng, lat: PLACE.lat } }),
  }
  const now = (await people.shift_leader.see(id)).stage
  for (const name of STAGES.slice(STAGES.indexOf(now) + 1, STAGES.indexOf(stage) + 1)) await steps[name]()
  return people.shift_leader.see(id)
}
