/**
 * Where drafts and unsent things lie until they are sent: IndexedDB, so that a closed page, a flat battery or a
 * tunnel loses nothing. Records are small and rewritten often; photos lie apart from them and are written once.
 */
export interface Shelf {
  /** False when the browser keeps nothing beyond this page (some private windows). */
  readonly durable: boolean
  get<T>(key: string): Promise<T | undefined>
  put(key: string, value: unknown): Promise<void>
  remove(key: string): Promise<void>
  /** Every record whose key begins so, in the order of the keys. */
  all<T>(prefix: string): Promise<T[]>
  photo(id: string): Promise<Blob | undefined>
  putPhoto(id: string, photo: Blob): Promise<void>
  removePhotos(ids: readonly string[]): Promise<void>
}

/** Drafts lie under this and their name. */
export const DRAFTS = 'draft:'

/** Keeps things as long as the page lives: for tests, and where there is no IndexedDB. */
export function memoryShelf(): Shelf {
  const records = new Map<string, string>()
  const photos = new Map<string, Blob>()
  return {
    durable: false,
    get: async <T>(key: string) => {
      const text = records.get(key)
      return text === undefined ? undefined : (JSON.parse(text) as T)
    },
    put: async (key, value) => void records.set(key, JSON.stringify(value)),
    remove: async (key) => void records.delete(key),
    all: async <T>(prefix: string) =>
      [...records.keys()].filter((key) => key.startsWith(prefix)).sort().map((key) => JSON.parse(records.get(key) ?? 'null') as T),
    photo: async (id) => photos.get(id),
    putPhoto: async (id, photo) => void photos.set(id, photo),
    removePhotos: async (ids) => ids.forEach((id) => photos.delete(id)),
  }
}

const done = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'))
  })

function databaseShelf(database: IDBDatabase): Shelf {
  const store = (name: 'records' | 'photos', mode: IDBTransactionMode) => database.transaction(name, mode).objectStore(name)
  /** Writes are done when the transaction is, not when the request is. */
  const write = (name: 'records' | 'photos', change: (store: IDBObjectStore) => void) =>
    new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(name, 'readwrite')
      transaction.oncomplete = () => resolve()
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'))
      change(transaction.objectStore(name))
    })
  // Plain copies: what is reactive cannot be cloned into the database.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  return {
    durable: true,
    get: <T>(key: string) => done<T | undefined>(store('records', 'readonly').get(key)),
    put: (key, value) => write('records', (records) => records.put(plain(value), key)),
    remove: (key) => write('records', (records) => records.delete(key)),
    all: <T>(prefix: string) => done<T[]>(store('records', 'readonly').getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
    photo: (id) => done<Blob | undefined>(store('photos', 'readonly').get(id)),
    putPhoto: (id, photo) => write('photos', (photos) => photos.put(photo, id)),
    removePhotos: (ids) => write('photos', (photos) => ids.forEach((id) => photos.delete(id))),
  }
}

/** Opens the database of a product; falls back to this page's memory, which `durable` tells. */
export async function openShelf(name: string): Promise<Shelf> {
  try {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('records')
      request.result.createObjectStore('photos')
    }
    return databaseShelf(await done(request))
  } catch {
    return memoryShelf()
  }
}

let shared: Promise<Shelf> | undefined
/** The one shelf of this product; opened once. */
export function useShelf(): Promise<Shelf> {
  shared ??= openShelf('yiwang')
  return shared
}
