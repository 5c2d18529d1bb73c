// Starts the real server on a fresh folder and a real browser on it. Used by every story.
// The server binary is target/debug/yiwang unless YIWANG_BIN names another; YIWANG_STORE=postgres://… runs on PostgreSQL,
// each server on a database of its own there.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, mkdirSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(join(root, 'web', 'package.json'))
const { chromium } = require('playwright-core')

export const out = join(root, 'e2e', 'out')
mkdirSync(out, { recursive: true })

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** A UUIDv7, as every client makes them. */
export function newId() {
  const bytes = randomBytes(16)
  let now = BigInt(Date.now())
  for (let at = 5; at >= 0; at -= 1) {
    bytes[at] = Number(now & 0xffn)
    now >>= 8n
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A fresh database on the PostgreSQL server of YIWANG_STORE; nothing without it. */
function freshDatabase(name) {
  const server = process.env.YIWANG_STORE
  if (!server) return { args: [], drop() {} }
  const psql = (sql) => execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql, server], { stdio: ['ignore', 'ignore', 'inherit'] })
  const database = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')
  psql(`CREATE DATABASE ${database}`)
  const address = new URL(server)
  address.pathname = `/${database}`
  return { args: ['--database', address.href], drop: () => psql(`DROP DATABASE ${database} WITH (FORCE)`) }
}

/** The demo city without cases, on its own folder and port. */
export async function startServer() {
  const bin = process.env.YIWANG_BIN ?? join(root, 'target', 'debug', 'yiwang')
  if (!existsSync(bin)) throw new Error(`${bin} is missing: run cargo build -p yiwang-server`)
  const data = mkdtempSync(join(tmpdir(), 'yiwang-e2e-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = ['serve', '--demo=empty', '--data', data, '--listen', `127.0.0.1:${port}`]
  const database = freshDatabase(basename(data))
  args.push(...database.args)
  const env = {
    ...process.env,
    YIWANG_PUBLIC_URL: url,
    YIWANG_LIMITS__LOGINS_PER_MINUTE: '0',
    YIWANG_LIMITS__PUBLIC_REPORTS_PER_MINUTE: '0',
    YIWANG_LIMITS__UPLOADS_PER_MINUTE: '0',
    YIWANG_LIMITS__REQUESTS_PER_MINUTE: '0',
  }
  const child = spawn(bin, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stdout.on('data', (chunk) => (log = (log + chunk).slice(-20_000)))
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-20_000)))
  const gone = new Promise((resolve) => child.once('exit', resolve))
  for (let tries = 0; ; tries += 1) {
    const ready = await fetch(`${url}/api/login-options`).then((r) => r.ok).catch(() => false)
    if (ready) break
    if (tries > 600 || child.exitCode !== null) throw new Error(`the server did not start:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const options = await fetch(`${url}/api/login-options`).then((r) => r.json())
  return {
    url,
    data,
    /** Ready-made account of a role. */
    account(role) {
      const found = options.demo_accounts.find((one) => one.role === role)
      if (!found) throw new Error(`no ready-made account for ${role}`)
      return found
    },
    log: () => log,
    async stop() {
      child.kill('SIGTERM')
      await gone
      rmSync(data, { recursive: true, force: true })
      database.drop()
    },
  }
}

/** The API as one person, for what a story does not have to show. */
export async function person(server, who) {
  const account = typeof who === 'string' ? server.account(who) : who
  const entered = await fetch(`${server.url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-yiwang': '1' },
    body: JSON.stringify({ account: account.account, password: account.password }),
  })
  if (!entered.ok) throw new Error(`${account.account} cannot sign in: ${entered.status} ${await entered.text()}`)
  const cookie = entered.headers.getSetCookie()[0].split(';')[0]
  const ask = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { cookie, 'x-yiwang': '1', 'accept-language': 'en', ...headers, ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : body instanceof FormData ? body : JSON.stringify(body),
    })
    const text = await answer.text()
    const value = text ? JSON.parse(text) : null
    if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`), { status: answer.status, problem: value })
    return value
  }
  return {
    account,
    cookie,
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body, headers) => ask('PUT', path, body, headers),
    step: (id, step) => ask('POST', `/api/cases/${id}/steps`, { command_id: newId(), ...step }),
    see: (id) => ask('GET', `/api/cases/${id}`),
    async photo() {
      const form = new FormData()
      form.append('file', new Blob([photo()], { type: 'image/png' }), 'photo.png')
      return (await ask('POST', '/api/attachments', form)).id
    },
  }
}

let photos = 0
/** A small PNG, another one every time. */
export function photo() {
  photos += 1
  const { deflateSync, crc32 } = require('node:zlib')
  const size = 64
  const rows = Buffer.alloc((size * 3 + 1) * size)
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const at = y * (size * 3 + 1) + 1 + x * 3
      rows[at] = (x * 4 + photos * 37) & 255
      rows[at + 1] = (y * 4 + photos * 61) & 255
      rows[at + 2] = ((x ^ y) * 3 + photos * 17) & 255
    }
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body) >>> 0)
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })
}

/**
 * A page signed in as a person (or as nobody), in English, with its failures collected. Maps are drawn only where the
 * story is about them: without a graphics card each costs seconds, and every task must go on without one.
 */
export async function pageFor(browser, server, who, { width = 1440, height = 900, language = 'en', dark = false, map = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, baseURL: server.url, locale: language === 'zh' ? 'zh-CN' : 'en-GB', colorScheme: dark ? 'dark' : 'light', geolocation: { longitude: -71.0603, latitude: 42.3582 }, permissions: ['geolocation'] })
  await context.addInitScript((language) => localStorage.setItem('yiwang.locale', language), language === 'zh' ? 'zh-CN' : 'en')
  if (!map) {
    await context.addInitScript(() => {
      const draw = HTMLCanvasElement.prototype.getContext
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return /webgl/.test(kind) ? null : draw.call(this, kind, ...more)
      }
    })
  }
  if (who) {
    const [name, value] = who.cookie.split('=')
    await context.addCookies([{ name, value, url: server.url }])
  }
  const page = await context.newPage()
  page.failures = []
  page.on('pageerror', (error) => page.failures.push(String(error)))
  // What a screen's own code throws while it draws is caught and written there.
  page.on('console', (message) => message.type() === 'error' && /^\w*Error\b/.test(message.text()) && page.failures.push(message.text()))
  if (process.env.YIWANG_PATIENCE_MS) page.setDefaultTimeout(Number(process.env.YIWANG_PATIENCE_MS))
  // Questions on their way, and parts of the page itself; the live stream never ends and does not count.
  page.asking = new Set()
  page.on('request', (request) => /\/api\/|\/assets\//.test(request.url()) && !request.url().includes('/api/live') && page.asking.add(request))
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.asking.delete(request))
  return page
}

/** As long as a screen may take to stand still: a slow machine draws a map for many seconds. */
const PATIENCE_MS = Math.max(20_000, 4 * Number(process.env.YIWANG_PATIENCE_MS ?? 0))

/** Waits until the page stands still: every question answered, no bones of what is coming, its map drawn. */
export async function settled(page) {
  await page.waitForLoadState('domcontentloaded')
  const still = () =>
    page.evaluate(() => {
      const shell = document.querySelector('#app')
      const shown = (node) => node.offsetParent !== null
      return shell !== null && shell.childElementCount > 0 && !document.querySelector('.skeleton') && [...document.querySelectorAll('.map-view .box')].filter(shown).every((map) => map.matches('[data-idle]'))
    })
  const begun = Date.now()
  // One answer leads to the next question: it must hold for a while, at every look.
  for (let looks = 0; looks < 6; looks += 1) {
    if (!(await still().catch(() => false)) || page.asking.size > 0) looks = -1
    if (Date.now() - begun > PATIENCE_MS) throw new Error(`${page.url()} does not stand still: ${[...page.asking].map((request) => request.url()).join(' ') || 'a skeleton or a map'}`)
    await page.waitForTimeout(40)
  }
}

/** Violations of accessibility rules on the page as it stands. Of long lists the first lines stand for all. */
export async function axe(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(require('axe-core').source)
  const found = await page.evaluate(() => window.axe.run({ exclude: ['tbody > tr:nth-child(n+9)', 'li:nth-child(n+17)', 'option:nth-child(n+5)'] }, { resultTypes: ['violations'], preload: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }))
  return found.violations.map((one) => `${one.id}: ${one.help} (${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')})`)
}

/** Waits until `test` is true of what `read` answers. */
export async function until(read, test, what) {
  for (let tries = 0; ; tries += 1) {
    const value = await read()
    if (test(value)) return value
    if (tries > 150) throw new Error(`never happened: ${what}; last: ${JSON.stringify(value).slice(0, 400)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
