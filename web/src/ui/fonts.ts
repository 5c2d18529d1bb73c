/** Noto Sans SC with every weight in one file; split by character range, so a page loads only what it shows. */
import '@fontsource-variable/noto-sans-sc/wght.css'
