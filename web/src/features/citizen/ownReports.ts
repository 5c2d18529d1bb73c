/** The reports sent from this phone, with the secret that opens each. They are nowhere else. */
import { ref } from 'vue'
import { keptJson } from '@/offline/city'

export interface OwnReport {
  secret: string
  number: string
  title: string
  at: number
}
const KEPT = 'yiwang.reports'
const MOST = 50

const reports = ref<OwnReport[]>(keptJson<OwnReport[]>(KEPT) ?? [])
const write = () => localStorage.setItem(KEPT, JSON.stringify(reports.value))

/** A link, a secret alone, or the number of a report known to this phone. */
export function secretFrom(text: string, known: readonly OwnReport[] = reports.value): string | null {
  const words = text.trim()
  const link = /\/f\/([\w-]{8,60})/.exec(words)
  if (link?.[1]) return link[1]
  const byNumber = known.find((one) => one.number === words)
  if (byNumber) return byNumber.secret
  // Numbers of cases are digits alone; a secret never is.
  return /^[\w-]{16,60}$/.test(words) && !/^\d+$/.test(words) ? words : null
}

export function useOwnReports() {
  return {
    reports,
    remember(report: OwnReport) {
      reports.value = [report, ...reports.value.filter((one) => one.secret !== report.secret && one.number !== report.number)].slice(0, MOST)
      write()
    },
    forget(secret: string) {
      reports.value = reports.value.filter((one) => one.secret !== secret)
      write()
    },
  }
}
