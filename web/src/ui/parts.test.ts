import { mount } from '@vue/test-utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import ActionButton from './ActionButton.vue'
import ClockLight from './ClockLight.vue'
import ConfirmWithReason from './ConfirmWithReason.vue'

beforeAll(() => setLocale('zh-CN'))

describe('a button that is not allowed', () => {
  const button = mount(ActionButton, { props: { action: { allowed: false, because: 'evidence_missing' } }, slots: { default: '结案' } })
  it('says why, to everyone', () => {
    const element = button.get('button')
    const reason = button.get(`[id="${element.attributes('aria-describedby')}"]`)
    expect(reason.text()).toBe('缺少照片，须先上传')
  })
  it('stays in the tab order and does nothing', async () => {
    const element = button.get('button')
    await element.trigger('click')
    expect([element.attributes('disabled'), element.attributes('aria-disabled')]).toEqual([undefined, 'true'])
    expect(button.emitted('click')).toBeUndefined()
  })
  it('shows the words of the server where the code has no text here', () => {
    const other = mount(ActionButton, { props: { action: { allowed: false, because: '须先登记回访' } } })
    expect(other.get('[role=tooltip]').text()).toBe('须先登记回访')
  })
})

describe('a clock', () => {
  it('has a shape and a word for every light, not colour alone', () => {
    const seen = (['green', 'yellow', 'red', 'grey', 'done', 'none'] as const).map((light) => {
      const clock = mount(ClockLight, { props: { clock: { light, remainingMs: 3_600_000 }, as: 'shape' } })
      return `${clock.get('svg').html()}${clock.text()}`
    })
    expect(new Set(seen.map((one) => one.replace(/ class="[^"]*"/g, ''))).size).toBe(6)
  })
  it('below zero is never green', () => {
    const clock = mount(ClockLight, { props: { clock: { light: 'green', remainingMs: 1000, asOf: Date.now() - 120_000, running: true } } })
    expect(clock.text()).toBe('超期 1 分')
    expect(clock.classes()).toContain('red')
  })
})

describe('a step with a reason', () => {
  it('is not sent without one', async () => {
    const form = mount(ConfirmWithReason, { props: { verb: '退回给受理员' }, attachTo: document.body })
    await form.get('form').trigger('submit')
    expect(form.emitted('confirm')).toBeUndefined()
    expect(form.get('[role=alert]').text()).toBe('至少写 2 个字')
    await form.get('textarea').setValue('类别不对')
    await form.get('form').trigger('submit')
    expect(form.emitted('confirm')).toEqual([[{ reason: '类别不对', code: null }]])
  })
})
