/** What a place is drawn beside, and snaps to: the unit grids, and the components that are there already. */
import type { MapLayer } from '@/map/layers'

export const PLACE_LAYERS: readonly MapLayer[] = [
  { id: 'grids', kind: 'areas', tiles: '/api/tiles/grids/{z}/{x}/{y}' },
  { id: 'components', kind: 'things', tiles: '/api/tiles/components/{z}/{x}/{y}', groups: ['01', '02', '03', '04', '05'].map((major) => `component.${major}`) },
]
