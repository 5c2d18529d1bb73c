/** Places on the map. CGCS2000, which for drawing is WGS-84. */
import type { Feature, FeatureCollection, Point, Polygon } from 'geojson'

export interface LngLat {
  lng: number
  lat: number
}
/** A case (or another thing with a light) on the map. */
export interface CasePoint extends LngLat {
  id: string
  label: string
  light?: string
}
/** A person, camera, component: no light. */
export interface ThingPoint extends LngLat {
  id: string
  label?: string
}
export interface Circle {
  centre: LngLat
  radiusM: number
  label?: string
}

export function isLngLat(value: { lng: number; lat: number } | null | undefined): value is LngLat {
  return value != null && Number.isFinite(value.lng) && Number.isFinite(value.lat) && Math.abs(value.lng) <= 180 && Math.abs(value.lat) <= 90
}

/** About 0.1 m; what a person can read aloud. */
export const formatPoint = ({ lng, lat }: LngLat): string => `${lng.toFixed(6)}, ${lat.toFixed(6)}`

export function pointCollection<T extends LngLat>(points: readonly T[]): FeatureCollection<Point> {
  return {
    type: 'FeatureCollection',
    features: points.filter(isLngLat).map(({ lng, lat, ...properties }) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [lng, lat] }, properties })),
  }
}

/** The circle as a polygon of 64 sides, good to some kilometres. */
export function circlePolygon({ centre, radiusM, label }: Circle): Feature<Polygon> {
  const perDegree = 111_195
  const ring = Array.from({ length: 65 }, (_, side) => {
    const angle = (side / 64) * 2 * Math.PI
    const lng = centre.lng + (radiusM * Math.cos(angle)) / (perDegree * Math.cos((centre.lat * Math.PI) / 180))
    return [lng, centre.lat + (radiusM * Math.sin(angle)) / perDegree]
  })
  return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: label === undefined ? {} : { label } }
}
