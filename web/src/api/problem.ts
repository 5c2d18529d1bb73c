/** A refusal or failure as the server tells it (RFC 9457 problem+json), or as the browser noticed it. */
import { t } from '@/i18n'

export interface FieldError {
  /** Path of the field as it was sent, e.g. `place.lng`. */
  field: string
  code: string
  message: string
}

export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** Stable code: a refusal's, or `network`, `timeout`, `unreadable`. */
    readonly code: string,
    readonly title: string,
    readonly detail: string | null,
    readonly errors: readonly FieldError[],
  ) {
    super(detail ?? title)
  }

  /** What the server said about one field, in words; for `aria-describedby` and `error` props. */
  field(name: string): string | null {
    return this.errors.find((error) => error.field === name)?.message ?? null
  }
  get isOffline(): boolean {
    return this.status === 0
  }
  get isForbidden(): boolean {
    return this.status === 403
  }
  get isMissing(): boolean {
    return this.status === 404
  }
  /** Someone else changed it in the meantime. */
  get isStale(): boolean {
    return this.status === 412
  }

  /** The request never got an answer. */
  static unreached(cause: unknown): ProblemError {
    if (cause instanceof ProblemError) return cause
    const timeout = cause instanceof DOMException && cause.name === 'TimeoutError'
    const problem = new ProblemError(0, timeout ? 'timeout' : 'network', t(timeout ? 'problems.timeout' : 'problems.network'), null, [])
    problem.cause = cause
    return problem
  }

  static async fromResponse(response: Response): Promise<ProblemError> {
    return ProblemError.fromText(response.status, response.headers.get('content-type'), await response.text().catch(() => ''))
  }

  static fromText(status: number, contentType: string | null, text: string): ProblemError {
    if (contentType?.includes('json')) {
      try {
        const body = JSON.parse(text) as Record<string, unknown>
        const word = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
        const errors = Array.isArray(body.errors) ? body.errors : []
        return new ProblemError(
          status,
          word(body.code) ?? String(status),
          word(body.title) ?? byStatus(status),
          word(body.detail),
          errors.map((error: Record<string, unknown>) => ({
            field: word(error.field) ?? '',
            code: word(error.code) ?? '',
            message: word(error.message) ?? word(error.code) ?? '',
          })),
        )
      } catch {
        // Not the JSON it claims to be: told below by its status.
      }
    }
    return new ProblemError(status, String(status), byStatus(status), null, [])
  }
}

function byStatus(status: number): string {
  if (status === 401) return t('problems.unauthorized')
  if (status === 403) return t('problems.forbidden')
  if (status === 404) return t('problems.not_found')
  if (status === 409 || status === 412) return t('problems.conflict')
  if (status === 413) return t('problems.too_large')
  if (status === 429) return t('problems.too_many')
  if (status >= 500) return t('problems.server')
  return t('problems.unreadable')
}
