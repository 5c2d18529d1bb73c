import { createReadStream, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import type { Connect, Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const here = import.meta.dirname
/** A running `yiwang serve`; the dev server passes /api, /basemap and /open311 on to it. */
const server = process.env.YIWANG_SERVER ?? 'http://127.0.0.1:8080'
/** A folder with `boston.pmtiles` and `glyphs/`, served as /basemap when there is no server yet. */
const basemap = process.env.YIWANG_BASEMAP

/** Products below their own path, as the binary serves them: /citizen/* and /street/* have their own page. */
function products(): Plugin {
  const rewrite: Connect.NextHandleFunction = (request, _response, next) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const product = /^\/(citizen|street)(\/|$)/.exec(path)?.[1]
    if (product && !/\.[a-z0-9]+$/i.test(path)) request.url = `/${product}/index.html`
    next()
  }
  return {
    name: 'yiwang-products',
    configureServer: (vite) => void vite.middlewares.use(rewrite),
    configurePreviewServer: (vite) => void vite.middlewares.use(rewrite),
  }
}

/** Serves the base map folder with byte ranges, which is all that PMTiles needs. */
function localBasemap(folder: string): Plugin {
  const serve = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '')
    if (!path.startsWith('/basemap/') || path.includes('..')) return next()
    const file = resolve(folder, path.slice('/basemap/'.length))
    const stat = statSync(file, { throwIfNoEntry: false })
    if (!stat?.isFile()) return void response.writeHead(404).end()
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = range ? Number(range[1]) : 0
    const end = range?.[2] ? Math.min(Number(range[2]), stat.size - 1) : stat.size - 1
    response.writeHead(range ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'content-length': end - start + 1,
      ...(range ? { 'content-range': `bytes ${start}-${end}/${stat.size}` } : {}),
    })
    createReadStream(file, { start, end }).pipe(response)
  }
  return {
    name: 'yiwang-basemap',
    configureServer: (vite) => void vite.middlewares.use(serve),
    configurePreviewServer: (vite) => void vite.middlewares.use(serve),
  }
}

/** Every browser we support reads woff2, so the second copy of each font is not shipped. */
function woff2Only(): Plugin {
  return {
    name: 'yiwang-woff2-only',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('@fontsource')) return
      return { code: code.replace(/,\s*url\([^)]+\.woff\)\s*format\('woff'\)/g, ''), map: null }
    },
  }
}

export default defineConfig({
  plugins: [vue(), products(), woff2Only(), ...(basemap ? [localBasemap(basemap)] : [])],
  resolve: { alias: { '@': resolve(here, 'src') } },
  server: {
    proxy: {
      '/api': { target: server },
      '/open311': { target: server },
      ...(basemap ? {} : { '/basemap': { target: server } }),
    },
  },
  build: {
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        console: resolve(here, 'index.html'),
        citizen: resolve(here, 'citizen/index.html'),
        street: resolve(here, 'street/index.html'),
      },
      output: {
        // The map's worker is an .mjs file; as .js every server gives it the right type.
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith('.mjs'))
            ? 'assets/[name]-[hash].js'
            : 'assets/[name]-[hash][extname]',
      },
    },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
})
