/** `./zh/common.ts` becomes the namespace `common`. */
export function collect(files: Record<string, Record<string, unknown>>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(files).map(([path, messages]) => [path.replace(/^.*\/([^/]+)\.ts$/, '$1'), messages]),
  )
}
