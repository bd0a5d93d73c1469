import { closeSync, openSync, readSync } from 'node:fs'
import { isErrno } from '../std/errno.ts'

/**
 * Reads the lines that others append to a file, each once and only when it is complete. Its owner
 * calls `look` by the clock: notifications of file systems get lost or are not there.
 */
export class Follower {
  readonly #path: string
  readonly #onLine: (value: unknown) => void
  #offset = 0
  #rest = ''

  constructor(path: string, onLine: (value: unknown) => void) {
    this.#path = path
    this.#onLine = onLine
  }

  /** Passes on what was appended since the last look. */
  look(): void {
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return
      throw error
    }
    try {
      const chunk = Buffer.alloc(1 << 16)
      for (;;) {
        const length = readSync(fd, chunk, 0, chunk.length, this.#offset)
        if (length === 0) break
        this.#offset += length
        // Latin-1 keeps bytes apart: a character may be cut in two by the end of the chunk.
        this.#rest += chunk.toString('latin1', 0, length)
      }
    } finally {
      closeSync(fd)
    }
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#pass(Buffer.from(line, 'latin1').toString('utf8'))
  }

  #pass(line: string): void {
    if (line.trim() === '') return
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      // Torn by a kill; whoever reads the whole file counts it.
      return
    }
    this.#onLine(value)
  }
}
