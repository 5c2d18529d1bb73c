import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { setLocale } from '@/i18n'
import { type LiveEvent, ProblemError, body, createApi, newId, onSignedOut } from '.'
import { eventReader } from './live'

interface Paths {
  '/api/cases/{id}': {
    parameters: { query?: never; header?: never; path: { id: string }; cookie?: never }
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { 'application/json': { id: string } } } } }
    post: { parameters: { path: { id: string } }; responses: { 200: { content: { 'application/json': { id: string } } } } }
  }
}
const answer = vi.fn<(request: Request) => Promise<Response>>()
const api = createApi<Paths>({ baseUrl: 'http://city.test', fetch: answer })
const at = { params: { path: { id: '7' } } }
const json = (status: number, value: unknown, type = 'application/json') => new Response(JSON.stringify(value), { status, headers: { 'content-type': type } })

beforeAll(() => setLocale('zh-CN'))
beforeEach(() => answer.mockReset())

describe('a request', () => {
  it('carries the language, and the write header only on writes', async () => {
    answer.mockImplementation(async () => json(200, { id: '7' }))
    expect(await body(api.GET('/api/cases/{id}', at))).toEqual({ id: '7' })
    await api.POST('/api/cases/{id}', at)
    const [read, write] = answer.mock.calls.map(([request]) => request)
    expect([read?.url, read?.headers.get('accept-language'), read?.headers.get('x-yiwang')]).toEqual(['http://city.test/api/cases/7', 'zh-CN', null])
    expect(write?.headers.get('x-yiwang')).toBe('1')
  })

  it('that is refused throws what the server said', async () => {
    answer.mockResolvedValue(json(422, { code: 'invalid', title: '输入有误', detail: '缺少位置', errors: [{ field: 'place', code: 'missing', message: '须选择位置' }] }, 'application/problem+json'))
    const problem = (await api.POST('/api/cases/{id}', at).catch((error: unknown) => error)) as ProblemError
    expect(problem).toBeInstanceOf(ProblemError)
    expect([problem.status, problem.code, problem.message, problem.field('place')]).toEqual([422, 'invalid', '缺少位置', '须选择位置'])
  })

  it('that fails without a problem document still has words', async () => {
    answer.mockResolvedValue(new Response('<html>', { status: 502 }))
    await expect(api.GET('/api/cases/{id}', at)).rejects.toMatchObject({ status: 502, code: '502', title: '服务器出错' })
  })

  it('that gets no answer says so', async () => {
    const unreachable = createApi<Paths>({ baseUrl: 'http://city.test', fetch: () => Promise.reject(new TypeError('fetch failed')) })
    const problem = (await unreachable.GET('/api/cases/{id}', at).catch((error: unknown) => error)) as ProblemError
    expect([problem.status, problem.code, problem.isOffline]).toEqual([0, 'network', true])
  })

  it('after the session ended calls the hook', async () => {
    const hook = vi.fn()
    onSignedOut(hook)
    answer.mockResolvedValue(json(401, {}))
    await expect(api.GET('/api/cases/{id}', at)).rejects.toMatchObject({ status: 401 })
    expect(hook).toHaveBeenCalledOnce()
  })
})

describe('ids', () => {
  it('are UUIDv7 with the time in front', () => {
    const id = newId(0x0192_3456_789a)
    expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(newId()).not.toBe(newId())
  })
})

describe('the event stream', () => {
  it('is understood however it is cut into pieces', () => {
    const stream = ': hello\n\nid: 41\nevent: fact\ndata: {"case":\ndata: 7}\r\n\r\nretry: 3000\rdata:x\n\nid: 42\ndata: y\n\ndata: unfinished'
    for (let size = 1; size <= stream.length; size += 3) {
      const events: LiveEvent[] = []
      const retries: number[] = []
      const read = eventReader((event) => events.push(event), (ms) => retries.push(ms))
      for (let from = 0; from < stream.length; from += size) read(stream.slice(from, from + size))
      expect(events).toEqual([
        { event: 'fact', data: '{"case":\n7}', id: '41' },
        { event: 'message', data: 'x', id: '41' },
        { event: 'message', data: 'y', id: '42' },
      ])
      expect(retries).toEqual([3000])
    }
  })
})
