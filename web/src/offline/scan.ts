/** Reads a QR code from the camera or a picture: with the browser's own reader where it has one, else with ours. */
interface Detector {
  detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]>
}
type DetectorClass = new (options: { formats: string[] }) => Detector
let own: Promise<Detector | null> | undefined

async function ownReader(): Promise<Detector | null> {
  const found = (globalThis as { BarcodeDetector?: DetectorClass & { getSupportedFormats?: () => Promise<string[]> } }).BarcodeDetector
  if (!found) return null
  const formats = (await found.getSupportedFormats?.().catch(() => [])) ?? []
  return formats.includes('qr_code') ? new found({ formats: ['qr_code'] }) : null
}

/** Larger pictures are shrunk: a code that fills a tenth of the width is still read, and an old phone takes a tenth of a second. */
const SIDE_MAX = 1_000

/** The words in the code, or null when none is seen. */
export async function readCode(image: HTMLVideoElement | ImageBitmap): Promise<string | null> {
  own ??= ownReader()
  const reader = await own
  if (reader) {
    const [first] = await reader.detect(image).catch(() => [])
    return first?.rawValue ?? null
  }
  const [width, height] = image instanceof HTMLVideoElement ? [image.videoWidth, image.videoHeight] : [image.width, image.height]
  if (width === 0 || height === 0) return null
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) return null
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height)
  const { default: jsQR } = await import('jsqr')
  return jsQR(pixels.data, pixels.width, pixels.height, { inversionAttempts: 'attemptBoth' })?.data ?? null
}

/** The component's code in what was scanned or typed: the label's address, or the digits alone. */
export function componentCode(text: string): string | null {
  const plain = text.normalize('NFKC').trim()
  const link = /\/c\/(\d{16,17})(?:[/?#]|$)/.exec(plain)
  if (link?.[1]) return link[1]
  const digits = plain.replace(/[\s-]/g, '')
  return /^\d{16,17}$/.test(digits) ? digits : null
}
