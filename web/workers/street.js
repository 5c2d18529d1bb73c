// The street page without signal: its shell is kept on the phone, so that the page opens in a cellar.
// The build puts the names of the files in place of the two constants. Requests to the interface are never
// touched: what is known offline and what waits to be sent is the page's own business.
const VERSION = __VERSION__
const FILES = __FILES__

const NAME = 'yiwang-street-'
const CACHE = NAME + VERSION
const SHELL = '/street/'
/** A page asked for over a line that hardly carries is answered from the phone after this long. */
const PATIENCE_MS = 4000
/** Fonts and maps come as they are met; as many are kept. */
const KEPT_MAX = 240

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([SHELL, ...FILES]))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith(NAME) && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

async function page(request) {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PATIENCE_MS)
  try {
    return await fetch(request.url, { signal: late.signal, credentials: 'same-origin' })
  } catch (error) {
    const kept = await caches.match(SHELL, { cacheName: CACHE })
    if (kept) return kept
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Names under /assets/ hold a hash of their content: what is here is right. */
async function asset(request) {
  const kept = await caches.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) {
    const copy = answer.clone()
    const cache = await caches.open(CACHE)
    const names = await cache.keys()
    if (names.length < FILES.length + KEPT_MAX) await cache.put(request, copy).catch(() => {})
  }
  return answer
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET') return
  const url = new URL(request.url)
  if (url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (url.pathname === SHELL || url.pathname.startsWith(SHELL)) event.respondWith(page(request))
  } else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request))
})
