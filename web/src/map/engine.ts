/** MapLibre with its worker and our tile protocol. Loaded only when a map is shown. */
import 'maplibre-gl/dist/maplibre-gl.css'
import { AttributionControl, Map, Marker, NavigationControl, Popup, ScaleControl, addProtocol, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { Protocol } from 'pmtiles'
import type { Palette } from '@/ui/tokens'
import { PROTOCOL, loadTile } from './raster'

setWorkerUrl(workerUrl)
addProtocol('pmtiles', new Protocol().tile)
addProtocol(PROTOCOL, async ({ url }, { signal }) => ({ data: (await loadTile(url, signal)) as never }))

export { AttributionControl, Map, Marker, NavigationControl, Popup, ScaleControl }

const IDEOGRAPH = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/
/**
 * Chinese labels are drawn with the page's own font, which comes in hundreds of parts as they are met. A canvas does
 * not wait for a part: so each is asked for before its first character is drawn. To be called for every new style.
 */
export function drawLabelsWithPageFont(map: Map): void {
  const { glyphManager } = map.style
  const draw = glyphManager.getGlyphs.bind(glyphManager)
  glyphManager.getGlyphs = async (wanted) => {
    const text = [...new Set(Object.values(wanted).flatMap((variants) => Object.values(variants as object).flatMap((ids) => [...(ids as Iterable<string>)])))].map(String).filter((one) => IDEOGRAPH.test(one)).join('')
    if (text) {
      await import('@/ui/fonts').catch(() => undefined)
      await document.fonts.load("24px 'Noto Sans SC Variable'", text).catch(() => [])
    }
    return draw(wanted)
  }
}

export function canDraw(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null
}

/** The lights as map icons: the same shapes as `ClockLight`, so that colour is never the only sign. */
export function addLightImages(map: Map, p: Palette): void {
  const size = 44
  const draw = (name: string, fill: string, path: (c: CanvasRenderingContext2D) => void) => {
    const canvas = document.createElement('canvas')
    canvas.width = size
    canvas.height = size
    const c = canvas.getContext('2d')
    if (!c) return
    c.lineJoin = 'round'
    c.beginPath()
    path(c)
    c.lineWidth = 6
    c.strokeStyle = p.surface
    c.stroke()
    c.fillStyle = fill
    c.fill()
    if (!map.hasImage(`light-${name}`)) map.addImage(`light-${name}`, c.getImageData(0, 0, size, size), { pixelRatio: 2 })
  }
  const polygon = (c: CanvasRenderingContext2D, ...points: [number, number][]) => {
    points.forEach(([x, y], index) => (index === 0 ? c.moveTo(x, y) : c.lineTo(x, y)))
    c.closePath()
  }
  draw('green', p.greenFill, (c) => c.arc(22, 22, 12, 0, 7))
  draw('yellow', p.yellowFill, (c) => polygon(c, [22, 6], [38, 36], [6, 36]))
  draw('red', p.redFill, (c) => polygon(c, [22, 4], [40, 22], [22, 40], [4, 22]))
  draw('grey', p.greyFill, (c) => {
    c.rect(10, 9, 9, 26)
    c.rect(25, 9, 9, 26)
  })
  draw('done', p.greyFill, (c) => c.rect(12, 12, 20, 20))
  draw('none', p.greyFill, (c) => c.arc(22, 22, 8, 0, 7))
}
