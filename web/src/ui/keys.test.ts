import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { nameOf, press, useKeys } from './keys'

const key = (k: string, init: KeyboardEventInit = {}, target: HTMLElement = document.body) => {
  const event = new KeyboardEvent('keydown', { key: k, cancelable: true, bubbles: true, ...init })
  target.dispatchEvent(event)
  return event
}
const say = (k: string, init: KeyboardEventInit = {}) => press(key(k, init))

describe('keys', () => {
  let scope = effectScope()
  afterEach(() => {
    scope.stop()
    scope = effectScope()
    document.body.innerHTML = ''
  })
  const listen = (keys: string, run: () => void, more = {}) =>
    scope.run(() => useKeys(() => 'test', [{ keys, label: () => keys, run, ...more }]))

  it('run, and stop with their component', () => {
    const run = vi.fn()
    listen('j', run)
    expect(say('j')).toBe(true)
    scope.stop()
    expect(say('j')).toBe(false)
    expect(run).toHaveBeenCalledOnce()
  })

  it('tell a letter with Shift under Ctrl from one without', () => {
    const [undo, redo] = [vi.fn(), vi.fn()]
    listen('mod+z', undo)
    listen('mod+shift+z', redo)
    say('Z', { ctrlKey: true, shiftKey: true })
    expect([undo.mock.calls.length, redo.mock.calls.length]).toEqual([0, 1])
    say('z', { metaKey: true })
    expect(undo).toHaveBeenCalledOnce()
  })

  it('can be two, one after the other', () => {
    const run = vi.fn()
    listen('g c', run)
    say('g')
    say('c')
    expect(run).toHaveBeenCalledOnce()
    say('c')
    expect(run).toHaveBeenCalledOnce()
  })

  it('are letters while typing', () => {
    const run = vi.fn()
    listen('j', run)
    const input = document.body.appendChild(document.createElement('input'))
    press(key('j', {}, input))
    expect(run).not.toHaveBeenCalled()
  })

  it('are not heard while an input method composes', () => {
    const run = vi.fn()
    listen('j', run)
    say('j', { isComposing: true })
    expect(run).not.toHaveBeenCalled()
  })

  it('the youngest layer wins', () => {
    const [old, young] = [vi.fn(), vi.fn()]
    listen('e', old)
    listen('e', young)
    say('e')
    expect([old.mock.calls.length, young.mock.calls.length]).toEqual([0, 1])
  })

  it('know the full-width marks of a Chinese input method', () => {
    expect(nameOf(new KeyboardEvent('keydown', { key: '？' }))).toBe('?')
    expect(nameOf(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }))).toBe('mod+k')
  })
})
