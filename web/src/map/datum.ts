/**
 * The shifted datums of Chinese map services, the same numbers as the server's. Only for drawing: what is stored is
 * CGCS2000 and is never converted in the browser.
 */
export type Datum = 'cgcs2000' | 'wgs84' | 'gcj02' | 'bd09'

const A = 6_378_245
const EE = 0.006_693_421_622_965_943
const BD_PI = (Math.PI * 3000) / 180

const outsideChina = (lng: number, lat: number) => lng < 72.004 || lng > 137.8347 || lat < 0.8293 || lat > 55.8271

function gcj02(lng: number, lat: number): [number, number] {
  if (outsideChina(lng, lat)) return [lng, lat]
  const { PI, sin, abs, sqrt } = Math
  const [x, y] = [lng - 105, lat - 35]
  const wave = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3
  let dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
  dlat += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3
  dlat += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3
  let dlng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
  dlng += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3
  dlng += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3
  const radians = (lat * PI) / 180
  const magic = 1 - EE * sin(radians) ** 2
  const root = sqrt(magic)
  return [lng + (dlng * 180) / ((A / root) * Math.cos(radians) * PI), lat + (dlat * 180) / (((A * (1 - EE)) / (magic * root)) * PI)]
}
function bd09([lng, lat]: [number, number]): [number, number] {
  const z = Math.hypot(lng, lat) + 0.000_02 * Math.sin(lat * BD_PI)
  const theta = Math.atan2(lat, lng) + 0.000_003 * Math.cos(lng * BD_PI)
  return [z * Math.cos(theta) + 0.0065, z * Math.sin(theta) + 0.006]
}

/** Where a map of this datum draws a place of ours. */
export function express(datum: Datum, lng: number, lat: number): [number, number] {
  if (datum === 'gcj02') return gcj02(lng, lat)
  if (datum === 'bd09') return bd09(gcj02(lng, lat))
  return [lng, lat]
}
export const isShifted = (datum: Datum): boolean => datum === 'gcj02' || datum === 'bd09'
