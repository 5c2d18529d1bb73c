import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProblemError } from '@/api'
import { setLocale } from '@/i18n'
import { type NewItem, type OutboxDoors, createOutbox, reasonOf, verdict, waitAfter } from './outbox'
import type { KeptPhoto } from './photos'
import { type Shelf, memoryShelf } from './shelf'

const problem = (status: number, code = String(status), errors: { field: string; code: string; message: string }[] = []) => new ProblemError(status, code, `title ${status}`, null, errors)
const photo = (id: string, kind = 'near'): KeptPhoto => ({ id, kind, type: 'image/jpeg', takenAt: 1 })
const item = (id: string, more: Partial<NewItem> = {}): NewItem => ({ id, owner: 'me', kind: 'report', title: id, about: null, path: '/api/cases', body: { id }, photos: [], ...more })

let shelf: Shelf
let now: number
const upload = vi.fn<OutboxDoors['upload']>()
const post = vi.fn<OutboxDoors['post']>()
const onSent = vi.fn<(item: unknown) => void>()
const open = async (owner: string | null = 'me') => {
  const outbox = createOutbox({ shelf, upload, post, now: () => now, onSent })
  await outbox.load()
  outbox.setOwner(owner)
  await outbox.run()
  return outbox
}
const states = (outbox: Awaited<ReturnType<typeof open>>) => Object.fromEntries(outbox.items.value.map((one) => [one.id, one.state]))

beforeAll(() => setLocale('zh-CN'))
beforeEach(() => {
  shelf = memoryShelf()
  now = 1_000_000
  upload.mockReset().mockImplementation(async (_blob, _to, _progress, id) => ({ id: `sha-${id}` }))
  post.mockReset().mockResolvedValue({ ok: true })
  onSent.mockReset()
})

describe('an item', () => {
  it('is sent with its photos first, under their kinds, and then gives its photos back', async () => {
    await shelf.putPhoto('p1', new Blob(['1']))
    await shelf.putPhoto('p2', new Blob(['2']))
    const outbox = await open()
    await outbox.put(item('a', { photos: [photo('p1'), photo('p2', 'far')] }))
    await outbox.run()
    expect(post.mock.calls).toEqual([['/api/cases', { id: 'a', evidence: [{ attachment: 'sha-p1', kind: 'near' }, { attachment: 'sha-p2', kind: 'far' }] }]])
    expect([states(outbox), outbox.items.value[0]?.answer]).toEqual([{ a: 'sent' }, { ok: true }])
    expect([await shelf.photo('p1'), onSent.mock.calls.length]).toEqual([undefined, 1])
  })

  it('of the public names its photos by id alone', async () => {
    await shelf.putPhoto('p', new Blob(['1']))
    const outbox = await open()
    await outbox.put(item('a', { photosAs: 'photos', uploadTo: '/api/public/attachments', photos: [photo('p')] }))
    await outbox.run()
    expect([upload.mock.calls[0]?.[1], post.mock.calls[0]?.[1]]).toEqual(['/api/public/attachments', { id: 'a', photos: ['sha-p'] }])
  })

  it('pressed twice is kept and sent once', async () => {
    const outbox = await open()
    await Promise.all([outbox.put(item('a')), outbox.put(item('a'))])
    await outbox.put(item('a'))
    await outbox.run()
    expect([post.mock.calls.length, outbox.items.value.length]).toEqual([1, 1])
  })

  it('waits while there is no line, and goes on where it was', async () => {
    await shelf.putPhoto('p1', new Blob(['1']))
    await shelf.putPhoto('p2', new Blob(['2']))
    upload.mockResolvedValueOnce({ id: 'sha-p1' }).mockRejectedValueOnce(problem(0, 'network'))
    const outbox = await open()
    await outbox.put(item('a', { photos: [photo('p1'), photo('p2')] }))
    await outbox.run()
    expect(outbox.items.value[0]).toMatchObject({ state: 'waiting', tries: 1, because: null, tryAt: now + 4_000 })
    await outbox.run()
    expect(upload).toHaveBeenCalledTimes(2)
    now += 5_000
    await outbox.run()
    expect([upload.mock.calls.length, upload.mock.calls[2]?.[3], states(outbox)]).toEqual([3, 'p2', { a: 'sent' }])
  })

  it('that the server refuses says why, and can be tried again or given up', async () => {
    post.mockRejectedValueOnce(problem(422, 'invalid_fields', [{ field: 'class', code: 'required', message: '须选择类别' }]))
    const outbox = await open()
    await outbox.put(item('a'))
    await outbox.run()
    expect(outbox.items.value[0]).toMatchObject({ state: 'refused', because: '须选择类别' })
    await outbox.run()
    expect(post).toHaveBeenCalledTimes(1)
    await outbox.retry('a')
    expect(states(outbox)).toEqual({ a: 'sent' })
    await outbox.discard('a')
    expect([outbox.items.value, await shelf.all('outbox:')]).toEqual([[], []])
  })

  it('that was refused goes back to its form with words and photos', async () => {
    await shelf.putPhoto('p', new Blob(['1']))
    post.mockRejectedValueOnce(problem(409))
    const outbox = await open()
    await outbox.put(item('a', { photos: [photo('p')], form: { draft: 'x', value: { text: 'words' }, to: '/report' } }))
    await outbox.run()
    expect(await outbox.takeBack('a')).toBe('/report')
    expect([outbox.items.value, await shelf.get('draft:x'), (await shelf.photo('p')) !== undefined]).toEqual([[], { text: 'words' }, true])
  })

  it('whose photos the server has forgotten sends them once more', async () => {
    await shelf.putPhoto('p', new Blob(['1']))
    post.mockRejectedValueOnce(problem(422, 'invalid_fields', [{ field: 'evidence[0].attachment', code: 'unknown_attachment', message: '附件不存在' }]))
    const outbox = await open()
    await outbox.put(item('a', { photos: [{ ...photo('p'), attachment: 'old' }] }))
    await outbox.run()
    expect([upload.mock.calls.length, post.mock.calls[1]?.[1], states(outbox)]).toEqual([1, { id: 'a', evidence: [{ attachment: 'sha-p', kind: 'near' }] }, { a: 'sent' }])
  })
})

describe('the outbox', () => {
  it('finds after a crash what was waiting and what was being sent', async () => {
    post.mockRejectedValue(problem(0))
    const before = await open()
    await before.put(item('a'))
    await before.run()
    await shelf.put('outbox:b', { ...before.items.value[0], id: 'b', state: 'sending', madeAt: 5 })
    post.mockReset().mockResolvedValue({})
    now += 60_000
    const after = await open()
    expect(states(after)).toEqual({ b: 'sent', a: 'sent' })
  })

  it('sends nobody else’s things, and asks to sign in when the session ended', async () => {
    const outbox = await open('someone else')
    await outbox.put(item('a'))
    await outbox.run()
    expect(post).not.toHaveBeenCalled()
    post.mockRejectedValueOnce(problem(401))
    outbox.setOwner('me')
    await outbox.run()
    expect(outbox.items.value[0]).toMatchObject({ state: 'waiting', because: 'title 401' })
    now += 60_000
    await outbox.run()
    expect(post).toHaveBeenCalledTimes(1)
    outbox.setOwner('me')
    await outbox.run()
    expect(states(outbox)).toEqual({ a: 'sent' })
  })

  it('keeps the order within a case, and lets other cases pass', async () => {
    post.mockImplementation(async (path) => {
      if (path === '/first') throw problem(503)
      return {}
    })
    const outbox = await open()
    await outbox.put(item('1', { about: 'c', path: '/first' }))
    now += 1
    await outbox.put(item('2', { about: 'c', path: '/second' }))
    now += 1
    await outbox.put(item('3', { about: 'd', path: '/third' }))
    await outbox.run()
    expect(states(outbox)).toEqual({ 1: 'waiting', 2: 'waiting', 3: 'sent' })
  })

  it('sends one at a time', async () => {
    let running = 0
    let most = 0
    post.mockImplementation(async () => {
      most = Math.max(most, (running += 1))
      await new Promise((done) => setTimeout(done, 2))
      running -= 1
      return {}
    })
    const outbox = await open()
    await Promise.all(['a', 'b', 'c'].map((id) => outbox.put(item(id))))
    await outbox.run()
    expect([most, states(outbox)]).toEqual([1, { a: 'sent', b: 'sent', c: 'sent' }])
  })

  it('forgets what was sent days ago', async () => {
    const outbox = await open()
    await outbox.put(item('a'))
    await outbox.run()
    now += 4 * 24 * 3_600_000
    expect((await open()).items.value).toEqual([])
  })
})

describe('a failure', () => {
  it('means later, sign in, or no', () => {
    const table: [unknown, string][] = [[problem(0), 'later'], [problem(503), 'later'], [problem(429), 'later'], [problem(401), 'sign_in'], [problem(409), 'refused'], [problem(403), 'refused'], [new TypeError('x'), 'later']]
    expect(table.map(([error]) => verdict(error))).toEqual(table.map(([, word]) => word))
  })
  it('is waited out longer each time, five minutes at most', () => {
    expect([1, 2, 3, 20].map(waitAfter)).toEqual([4_000, 8_000, 16_000, 300_000])
  })
  it('has words', () => {
    expect([reasonOf(problem(409)), reasonOf(new Error('x'))]).toEqual(['title 409', 'x'])
  })
})
