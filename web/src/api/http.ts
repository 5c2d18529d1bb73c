/**
 * The one way to the server. `createApi<paths>()` is openapi-fetch with our rules: same origin under /api, session
 * cookie, the write header against forged requests, the caller's language, and failures thrown as `ProblemError`.
 */
import createClient, { type Client, type Middleware } from 'openapi-fetch'
import { currentLocale } from '@/i18n'
import { ProblemError } from './problem'

export const API_BASE = '/api'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

let signedOut: () => void = () => {}
/** What to do when the server says the session is over (401). */
export function onSignedOut(run: () => void): void {
  signedOut = run
}

/** Headers every request carries. A form on another site cannot set `x-yiwang`. */
export function standardHeaders(method: string): Record<string, string> {
  return {
    'accept-language': currentLocale(),
    ...(SAFE.has(method.toUpperCase()) ? {} : { 'x-yiwang': '1' }),
  }
}

const rules: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(standardHeaders(request.method))) request.headers.set(name, value)
    return request
  },
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return undefined
    if (response.status === 401) signedOut()
    throw await ProblemError.fromResponse(response)
  },
  onError({ error }) {
    return ProblemError.unreached(error)
  },
}

/** Paths in the OpenAPI document begin with /api themselves, so the base is the origin. */
export function createApi<Paths extends object>(options: { baseUrl?: string; fetch?: (request: Request) => Promise<Response> } = {}): Client<Paths> {
  const client = createClient<Paths>({
    baseUrl: options.baseUrl ?? location.origin,
    credentials: 'same-origin',
    ...(options.fetch ? { fetch: options.fetch } : {}),
  })
  client.use(rules)
  return client
}

/** The body of an answer: `await body(api.GET('/api/cases/{id}', …))`. Failures were thrown before. */
export async function body<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await answer
  if (data === undefined && response.status !== 204 && response.headers.get('content-length') !== '0') {
    throw new ProblemError(response.status, 'unreadable', '', null, [])
  }
  return data as T
}

/** The body together with its ETag, for `If-Match` on the write that follows. */
export async function bodyAndTag<T>(answer: Promise<{ data?: T; response: Response }>): Promise<{ data: T; etag: string | null }> {
  const settled = await answer
  return { data: await body(Promise.resolve(settled)), etag: settled.response.headers.get('etag') }
}
