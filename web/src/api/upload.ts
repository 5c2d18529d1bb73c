/** Photos and short videos: POST /api/attachments as multipart. XMLHttpRequest, because fetch tells no upload progress. */
import type { SendPhoto } from '@/ui/photo'
import { API_BASE, standardHeaders } from './http'
import { ProblemError } from './problem'

export interface UploadOptions {
  /** Made by the caller; sending the same id twice stores once. */
  id?: string
  /** near, far, before, after, verify, document. */
  kind?: string
  signal?: AbortSignal
  path?: string
}

/** Sends one file; `onProgress` gets 0 to 1. Resolves to the server's answer, rejects with `ProblemError`. */
export function uploadPhoto<Answer extends { id: string } = { id: string }>(
  file: Blob,
  onProgress: (part: number) => void = () => {},
  options: UploadOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', options.path ?? `${API_BASE}/attachments`)
    request.responseType = 'text'
    request.timeout = 120_000
    for (const [name, value] of Object.entries(standardHeaders('POST'))) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total)
    request.onload = () => {
      const problem = () => ProblemError.fromText(request.status, request.getResponseHeader('content-type'), request.responseText)
      if (request.status < 200 || request.status >= 300) return reject(problem())
      try {
        onProgress(1)
        resolve(JSON.parse(request.responseText) as Answer)
      } catch {
        reject(problem())
      }
    }
    request.onerror = () => reject(ProblemError.unreached(new TypeError('network')))
    request.ontimeout = () => reject(ProblemError.unreached(new DOMException('timeout', 'TimeoutError')))
    request.onabort = () => reject(ProblemError.unreached(new DOMException('aborted', 'AbortError')))
    options.signal?.addEventListener('abort', () => request.abort(), { once: true })
    const form = new FormData()
    // Fields go before the file, so that the server knows them while it reads the bytes.
    if (options.id) form.append('id', options.id)
    if (options.kind) form.append('kind', options.kind)
    form.append('file', file, file instanceof File ? file.name : 'photo')
    request.send(form)
  })
}

/** For `PhotoPicker :send`: `sendPhoto({ kind: 'after' })`. */
export function sendPhoto(options: Omit<UploadOptions, 'id' | 'signal'> = {}): SendPhoto {
  return (file, onProgress, id) => uploadPhoto(file, onProgress, { ...options, id })
}
