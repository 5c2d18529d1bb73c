import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { choice, flag, list, number, text, useUrlState } from './useUrlState'

async function screen(at: string) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '<i/>' } }] })
  await router.push(at)
  let state!: ReturnType<typeof make>
  const make = () =>
    useUrlState({ stage: list(), overdue: flag(), q: text(), page: number(), sort: choice(['due', 'new'], 'due') })
  mount({ setup: () => ((state = make()), () => null) }, { global: { plugins: [router] } })
  const settle = async () => {
    await nextTick()
    await new Promise((done) => setTimeout(done))
  }
  return { router, state, settle }
}

describe('filters', () => {
  it('are read from the URL', async () => {
    const { state } = await screen('/?stage=filed,handling&overdue=true&page=2&sort=bad')
    expect([state.stage, state.overdue, state.q, state.page, state.sort]).toEqual([['filed', 'handling'], true, '', 2, 'due'])
  })
  it('are written to it together, and leave it when they are the default', async () => {
    const { state, router, settle } = await screen('/?q=x&other=1')
    state.stage = ['filed', 'a,b']
    state.q = ''
    state.sort = 'new'
    await settle()
    expect(router.currentRoute.value.query).toEqual({ other: '1', stage: 'filed,a%2Cb', sort: 'new' })
    expect(state.stage).toEqual(['filed', 'a,b'])
    state.clear()
    await settle()
    expect(router.currentRoute.value.query).toEqual({ other: '1' })
  })
})
