/** The base maps this city offers, and plain land; the one in the URL goes before the person's own choice. */
import { computed } from 'vue'
import { currentLocale, t } from '@/i18n'
import { asBasemap, basemapName, offered, shownId } from '@/map/basemaps'
import { type Basemap, noBasemap } from '@/map/style'

export function useBasemaps(chosen: () => string) {
  const basemaps = computed(() => [...offered.value.map((one) => ({ id: one.id, name: basemapName(one, currentLocale()) })), { id: 'plain', name: t('mapview.basemap_plain') }])
  const basemapId = computed(() => basemaps.value.find((one) => one.id === chosen())?.id ?? shownId.value ?? 'plain')
  /** None: the one every map shows. */
  const basemap = computed<Basemap | undefined>(() => {
    if (chosen() === 'plain') return noBasemap
    const one = offered.value.find((other) => other.id === chosen())
    return one && asBasemap(one)
  })
  return { basemaps, basemap, basemapId }
}
