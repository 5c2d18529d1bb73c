// Somebody else's map in a shifted datum lies where it belongs: a tile server draws a dot where GCJ-02 puts a known
// place, and in a real browser our map shows it at that place. No server of ours is needed.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join, dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { crc32, deflateSync } from 'node:zlib'

const web = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'web')
const require = createRequire(join(web, 'package.json'))
const { chromium } = require('playwright-core')

// Beijing railway station, standards/codes.md §7: CGCS2000, and what GCJ-02 makes of it.
const HERE = [116.42079, 39.90105]
const SIZE = 256

const PAGE = `
import { Map } from '@/map/engine'
import { express } from '@/map/datum'
import { address } from '@/map/raster'
window.express = express
window.show = (tiles, datum, zoom, centre) => new Promise((done) => {
  document.body.innerHTML = '<div id="map" style="width:600px;height:400px"></div>'
  const pictures = { layers: [[tiles]], datum, tms: false, size: ${SIZE}, maxZoom: 19 }
  const map = new Map({
    container: 'map', center: centre, zoom, attributionControl: false, fadeDuration: 0, canvasContextAttributes: { preserveDrawingBuffer: true },
    style: { version: 8, sources: { p: { type: 'raster', tiles: [address(datum + zoom, pictures)], tileSize: ${SIZE}, maxzoom: 19 } }, layers: [{ id: 'p', type: 'raster', source: 'p', paint: { 'raster-fade-duration': 0 } }] },
  })
  map.once('idle', () => {
    const from = map.getCanvas()
    const to = document.createElement('canvas')
    to.width = from.width
    to.height = from.height
    const draw = to.getContext('2d')
    draw.drawImage(from, 0, 0)
    const { data } = draw.getImageData(0, 0, to.width, to.height)
    let [sum, x, y] = [0, 0, 0]
    for (let at = 0; at < data.length; at += 4) {
      const red = Math.max(0, data[at] - data[at + 1])
      sum += red
      x += red * ((at / 4) % to.width + 0.5)
      y += red * (Math.floor(at / 4 / to.width) + 0.5)
    }
    map.remove()
    done(sum === 0 ? null : { dx: x / sum - to.width / 2, dy: y / sum - to.height / 2 })
  })
})
`

function png(dot) {
  const rows = Buffer.alloc(SIZE * (SIZE * 3 + 1), 255)
  for (let y = 0; y < SIZE; y += 1) rows[y * (SIZE * 3 + 1)] = 0
  if (dot) {
    for (let y = dot[1] - 2; y <= dot[1] + 2; y += 1) {
      for (let x = dot[0] - 2; x <= dot[0] + 2; x += 1) if (x >= 0 && y >= 0 && x < SIZE && y < SIZE) rows.set([255, 0, 0], y * (SIZE * 3 + 1) + 1 + x * 3)
    }
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const out = Buffer.alloc(8 + body.length)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc32(body) >>> 0, 4 + body.length)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(SIZE, 0)
  head.writeUInt32BE(SIZE, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

/** Where a place falls at a zoom, in pixels of the world. */
function world([lng, lat], z) {
  const side = 2 ** z * SIZE
  return [((lng + 180) / 360) * side, (0.5 - Math.atanh(Math.sin((lat * Math.PI) / 180)) / (2 * Math.PI)) * side]
}

let server, browser, page, folder, dots, base

before(async () => {
  folder = mkdtempSync(join(web, 'node_modules', '.raster-'))
  writeFileSync(join(folder, 'page.ts'), PAGE)
  writeFileSync(join(folder, 'index.html'), '<!doctype html><body></body><script type="module" src="./page.ts"></script>')
  const { build } = await import(pathToFileURL(require.resolve('vite')).href)
  await build({ root: folder, configFile: false, base: './', logLevel: 'error', resolve: { alias: { '@': join(web, 'src') } }, build: { outDir: join(folder, 'out'), target: 'es2022' } })
  server = createServer((request, response) => {
    const tile = /^\/tiles\/(\d+)\/(\d+)\/(\d+)$/.exec(request.url)
    if (tile) {
      const [z, x, y] = tile.slice(1).map(Number)
      const [wx, wy] = world(dots, z)
      // The dot's middle is the middle of a pixel: half a pixel is all it may be off.
      const at = [Math.floor(wx) - x * SIZE, Math.floor(wy) - y * SIZE]
      response.writeHead(200, { 'content-type': 'image/png', 'access-control-allow-origin': '*' })
      return response.end(png(at))
    }
    const path = request.url === '/' ? '/index.html' : request.url.split('?')[0]
    try {
      const body = readFileSync(join(folder, 'out', path))
      const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' }
      response.writeHead(200, { 'content-type': kinds[extname(path)] ?? 'application/octet-stream' })
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  base = `http://127.0.0.1:${server.address().port}`
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] })
  page = await browser.newPage({ viewport: { width: 640, height: 440 }, deviceScaleFactor: 1 })
  await page.goto(base)
  await page.waitForFunction(() => typeof window.show === 'function')
})
after(async () => {
  await browser?.close()
  server?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

test('a place on a map of GCJ-02 or BD-09 is drawn within a pixel of where it is, at every zoom', async () => {
  const published = [116.42703, 39.90245]
  const ours = await page.evaluate(([at]) => window.express('gcj02', ...at), [HERE])
  assert.ok(Math.hypot(ours[0] - published[0], ours[1] - published[1]) < 1e-5, 'the datum is not the published one')
  for (const datum of ['gcj02', 'bd09', 'cgcs2000']) {
    for (const zoom of [8, 11, 13, 15, 17, 18]) {
      dots = await page.evaluate(([datum, at]) => window.express(datum, ...at), [datum, HERE])
      const off = await page.evaluate(([tiles, datum, zoom, at]) => window.show(tiles, datum, zoom, at), [`${base}/tiles/{z}/{x}/{y}`, datum, zoom, HERE])
      assert.ok(off, `${datum} z${zoom}: no dot`)
      // Half a pixel is the tile server's, which can only colour whole ones.
      const far = Math.hypot(off.dx, off.dy)
      assert.ok(far <= 1, `${datum} z${zoom}: ${off.dx.toFixed(2)}, ${off.dy.toFixed(2)} pixels off`)
    }
  }
})
