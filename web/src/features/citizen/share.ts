/** Hands a link on with the phone's own sheet, or copies it. */
import { ref } from 'vue'

export function useShare() {
  const copied = ref(false)
  async function copy(link: string) {
    await navigator.clipboard.writeText(link)
    copied.value = true
    setTimeout(() => (copied.value = false), 3_000)
  }
  async function share(url: string, title: string, onlyCopy = false) {
    if (!onlyCopy && 'share' in navigator) {
      // Closing the sheet is not a failure.
      await navigator.share({ url, title }).catch(() => {})
      return
    }
    await copy(url).catch(() => {})
  }
  return { share, copied }
}
