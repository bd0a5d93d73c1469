import {
  closeSync,
  fsyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { isErrno } from './errno.ts'

/**
 * Appends records to a file of one JSON text per line. Several processes may append to the same
 * file: it is opened with O_APPEND and each line is one write. A line that a dead process left
 * half written is closed with a newline first, so that it takes no other down with it.
 */
export class NdjsonAppender {
  readonly path: string
  #fd: number | undefined
  #torn = false

  constructor(path: string) {
    this.path = path
  }

  /**
   * Appends one record; with `durable` it has reached the disk when this returns. Synchronous, so
   * that nothing else of this process happens in between.
   */
  append(record: unknown, options: { readonly durable: boolean }): void {
    const fd = (this.#fd ??= this.#open())
    const line = Buffer.from(`${this.#torn ? '\n' : ''}${JSON.stringify(record)}\n`)
    this.#torn = true
    let written = 0
    while (written < line.length) written += writeSync(fd, line, written)
    this.#torn = false
    if (options.durable) fsyncSync(fd)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): number {
    const fd = openSync(this.path, 'a+', 0o644)
    const { size } = fstatSync(fd)
    if (size > 0) {
      const last = Buffer.alloc(1)
      readSync(fd, last, 0, 1, size - 1)
      this.#torn = last[0] !== 0x0a
    }
    return fd
  }
}

/** What could be read of a file of records, and how many lines were torn. */
export interface NdjsonContent<T> {
  readonly records: readonly T[]
  readonly torn: number
}

/**
 * Reads a file of records. A line that doesn't parse was torn by a kill or a full disk: it is
 * dropped and counted, the others are kept. An absent file holds none.
 *
 * @param check makes a record of a parsed line, or throws what is wrong with it
 */
export function readNdjson<T>(path: string, check: (value: unknown) => T): NdjsonContent<T> {
  try {
    return parseNdjson(readFileSync(path, 'utf8'), check)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { records: [], torn: 0 }
    throw error
  }
}

/** See `readNdjson`. */
function parseNdjson<T>(text: string, check: (value: unknown) => T): NdjsonContent<T> {
  const records: T[] = []
  let torn = 0
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      torn += 1
      continue
    }
    records.push(check(value))
  }
  return { records, torn }
}
