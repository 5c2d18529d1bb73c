// Writes src/i18n/messages.gen.ts: the types of all messages, one line for each file in src/i18n/zh.
// Runs by itself before `dev`, `typecheck` and `test`; the file is not kept in git.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const folder = new URL('../src/i18n/', import.meta.url)
const features = readdirSync(new URL('zh/', folder))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3))
  .sort()
const lines = features.map((name) => `  ${name}: (typeof import('./zh/${name}'))['default']`)
const text = `// Written by scripts/message-types.mjs.\nexport interface Messages {\n${lines.join('\n')}\n}\n`
const target = new URL('messages.gen.ts', folder)
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text)
