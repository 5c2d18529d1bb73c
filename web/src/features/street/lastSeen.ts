/** What was seen last stays on the phone, so that today's tasks can be read where there is no signal. */
import { ProblemError } from '@/api'
import { type Shelf, useShelf } from '@/offline/shelf'

/** Lists and cases; the oldest give way. */
const KEPT_MAX = 80
const INDEX = 'seen'
const keyOf = (name: string) => `seen:${name}`

async function remember(shelf: Shelf, name: string, answer: unknown): Promise<void> {
  const names = [name, ...((await shelf.get<string[]>(INDEX)) ?? []).filter((one) => one !== name)]
  await shelf.put(keyOf(name), answer)
  await Promise.all(names.slice(KEPT_MAX).map((old) => shelf.remove(keyOf(old))))
  await shelf.put(INDEX, names.slice(0, KEPT_MAX))
}

/** The answer, or without a line the last one, marked as such. */
export async function lastSeen<T extends object>(name: string, load: () => Promise<T>, open: () => Promise<Shelf> = useShelf): Promise<T & { kept?: true }> {
  try {
    const fresh = await load()
    // A full phone must not hide an answer that has come.
    await open().then((shelf) => remember(shelf, name, fresh)).catch(() => undefined)
    return fresh
  } catch (error) {
    const old = error instanceof ProblemError && error.isOffline ? await (await open()).get<T>(keyOf(name)) : undefined
    if (old) return { ...old, kept: true }
    throw error
  }
}

/** Whoever leaves takes what they saw with them. */
export async function forgetSeen(open: () => Promise<Shelf> = useShelf): Promise<void> {
  const shelf = await open()
  await Promise.all(((await shelf.get<string[]>(INDEX)) ?? []).map((name) => shelf.remove(keyOf(name))))
  await shelf.remove(INDEX)
}
