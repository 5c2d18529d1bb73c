/** A question to a path that is known only when it is asked, such as one that waited in the outbox. Same rules as every other request. */
import { createApi } from '@/api'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
interface AskOptions {
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  body?: unknown
  signal?: AbortSignal
}
interface AnyClient {
  request(method: string, path: string, init: object): Promise<{ data?: unknown; response: Response }>
}
const client = createApi<object>() as unknown as AnyClient

/** Resolves to the answer's body; throws `ProblemError`. */
export async function ask<T>(method: Method, path: string, { query, body, signal }: AskOptions = {}): Promise<T> {
  const { data } = await client.request(method.toLowerCase(), path, {
    ...(query ? { params: { query } } : {}),
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  })
  return data as T
}
