/**
 * Keys of the screen. A component says which keys it understands with `useKeys`; `KeyboardLayer`
 * (mounted once, in the shell) hears them, shows them under `?` and finds commands under Ctrl/⌘ K.
 */
import { computed, onScopeDispose, ref, shallowReactive, shallowRef } from 'vue'

export interface KeyBinding {
  /** `j`, `Enter`, `?`, `mod+k` (Ctrl or ⌘), `shift+Enter`, or two keys one after the other: `g c`. */
  keys: string
  label: () => string
  run: (event: KeyboardEvent) => void
  when?: () => boolean
  /** Works while typing in a field too; only for keys with a modifier, and Escape. */
  whileTyping?: boolean
}

export interface Command {
  id: string
  label: string
  /** Other words it can be found by. */
  words?: string
  keys?: string
  run: () => void
}

interface Layer {
  title: () => string
  bindings: KeyBinding[]
}

const layers = shallowReactive<Layer[]>([])
const commandSources = shallowReactive<(() => Command[])[]>([])

const STORED = 'yiwang.single-keys'
/** Single-key shortcuts can be turned off (WCAG 2.1.4: speech input types single letters). */
export const singleKeys = ref(typeof localStorage === 'undefined' || localStorage.getItem(STORED) !== 'off')
export function setSingleKeys(on: boolean): void {
  singleKeys.value = on
  localStorage.setItem(STORED, on ? 'on' : 'off')
}

/** Registers keys while the calling component lives. The layer registered last is asked first. */
export function useKeys(title: () => string, bindings: KeyBinding[]): void {
  const layer = { title, bindings }
  layers.push(layer)
  onScopeDispose(() => layers.splice(layers.indexOf(layer), 1))
}

/** Adds commands to the palette while the calling component lives. */
export function useCommands(commands: () => Command[]): void {
  commandSources.push(commands)
  onScopeDispose(() => commandSources.splice(commandSources.indexOf(commands), 1))
}

export const allCommands = computed(() => commandSources.flatMap((source) => source()))

/** What `?` shows: the youngest layer first, each with the keys that work now. */
export const shownLayers = computed(() =>
  [...layers]
    .reverse()
    .map((layer) => ({ title: layer.title(), bindings: layer.bindings.filter((b) => b.when?.() ?? true) }))
    .filter((layer) => layer.bindings.length > 0),
)

/** What a search box registers so that `/` can find it. */
export const searchTarget = shallowRef<HTMLElement | null>(null)

/** A Chinese input method gives full-width marks for these keys. */
const FULL_WIDTH: Record<string, string> = { '？': '?', '。': '.', '、': '/', '／': '/', '．': '.' }

/** The name of a key press as written in `KeyBinding.keys`. */
export function nameOf(event: KeyboardEvent): string {
  let key = FULL_WIDTH[event.key] ?? event.key
  if (key === ' ') key = 'Space'
  const single = key.length === 1
  if (single) key = key.toLowerCase()
  // Shift is part of how a sign such as `?` is typed, but not of a letter under Ctrl or ⌘.
  const mod = event.ctrlKey || event.metaKey
  const modifiers = [
    mod ? 'mod' : '',
    event.altKey ? 'alt' : '',
    event.shiftKey && (!single || (mod && /[a-z]/.test(key))) ? 'shift' : '',
  ].filter(Boolean)
  return [...modifiers, key].join('+')
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.role === 'combobox'
}

/** Enter and Space belong to the control that has the focus. */
function belongsToControl(name: string, target: EventTarget | null): boolean {
  if (name !== 'Enter' && name !== 'Space') return false
  return target instanceof HTMLElement && target.closest('button, a[href], summary, input, [role="button"], [role="menuitem"]') !== null
}

const SEQUENCE_MS = 1200
let first: { key: string; at: number } | null = null

/** Finds and runs what the key means now. True if something ran. */
export function press(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.repeat && event.key.length === 1 && first) return false
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return false
  if (document.querySelector('dialog[open]')) return false
  const name = nameOf(event)
  if (belongsToControl(name, event.target)) return false
  const typing = isTyping(event.target)
  const plain = name.length === 1
  const sequence = first && event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${name}` : null
  first = null
  let startsSequence = false
  for (let at = layers.length - 1; at >= 0; at -= 1) {
    for (const binding of layers[at]?.bindings ?? []) {
      if (typing && !binding.whileTyping) continue
      if (plain && !singleKeys.value) continue
      if (!(binding.when?.() ?? true)) continue
      if (binding.keys === name || binding.keys === sequence) {
        event.preventDefault()
        binding.run(event)
        return true
      }
      if (!typing && binding.keys.startsWith(`${name} `)) startsSequence = true
    }
  }
  if (startsSequence) first = { key: name, at: event.timeStamp }
  return false
}

/** `mod+k` → `Ctrl K` or `⌘ K`. */
export function keyCaps(keys: string): string[] {
  const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)
  return keys
    .split(/[ +]/)
    .map((key) => ({ mod: mac ? '⌘' : 'Ctrl', shift: 'Shift', alt: 'Alt', Escape: 'Esc', ArrowUp: '↑', ArrowDown: '↓' })[key] ?? (key.length === 1 ? key.toUpperCase() : key))
}
