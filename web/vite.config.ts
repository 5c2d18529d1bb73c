import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
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

/** `street/sw.js`: the worker that keeps the street page's own files, all but the map and the fonts, on the phone. */
function streetWorker(): Plugin {
  const TOO_MUCH = /\/engine-|\/maplibre|fonts-/
  return {
    name: 'yiwang-street-worker',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = new Set<string>()
      const meet = (name: string) => {
        const chunk = bundle[name]
        if (chunk?.type !== 'chunk' || files.has(`/${name}`) || TOO_MUCH.test(name)) return
        files.add(`/${name}`)
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(`/${style}`)
        for (const next of [...chunk.imports, ...chunk.dynamicImports]) meet(next)
      }
      const entry = Object.values(bundle).find((one) => one.type === 'chunk' && one.isEntry && one.name === 'street')
      if (!entry) throw new Error('the street entry is missing from the build')
      meet(entry.fileName)
      const list = JSON.stringify([...files].sort())
      const version = createHash('sha256').update(list).digest('hex').slice(0, 12)
      const source = readFileSync(resolve(here, 'workers/street.js'), 'utf8')
      // A word in the comment must not be taken for the constant: only the assignments are filled in.
      this.emitFile({ type: 'asset', fileName: 'street/sw.js', source: source.replace('= __VERSION__', `= '${version}'`).replace('= __FILES__', `= ${list}`) })
    },
  }
}

export default defineConfig({
  plugins: [vue(), products(), streetWorker(), ...(basemap ? [localBasemap(basemap)] : [])],
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
