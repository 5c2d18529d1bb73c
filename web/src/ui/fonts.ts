/** Noto Sans SC, three weights; each is split by character range, so a page loads only what it shows. */
import '@fontsource/noto-sans-sc/400.css'
import '@fontsource/noto-sans-sc/500.css'
import '@fontsource/noto-sans-sc/700.css'
