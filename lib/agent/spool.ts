import { type FileHandle, open } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import type { Chunk } from './protocol.ts'
import { chunk as chunkSchema } from './protocol.ts'

/** Where a chunk's line is in the file; bytes. */
interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The agent's history on its disk: a line for each chunk, appended and fsynced before anybody is
 * told of it. A line that a dead process left half written was never told of, and goes.
 */
export class Spool {
  readonly #file: FileHandle
  readonly #spans: Span[]

  /** Opens what an earlier process left, or begins anew. */
  static async open(path: string): Promise<Spool> {
    const file = await open(path, 'a+', 0o644)
    const spans = completeLines(readFileSync(path))
    await file.truncate(spans.at(-1)?.to ?? 0)
    await file.sync()
    return new Spool(file, spans)
  }

  private constructor(file: FileHandle, spans: Span[]) {
    this.#file = file
    this.#spans = spans
  }

  /** Number of the newest durable chunk; 0 before the first. */
  get last(): number {
    return this.#spans.length
  }

  /** Appends the next chunk; it is durable when this resolves. One at a time. */
  async append(content: Omit<Chunk, 'chunk'>): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ chunk: this.last + 1, ...content })}\n`)
    const from = this.#spans.at(-1)?.to ?? 0
    await this.#file.appendFile(line)
    await this.#file.datasync()
    this.#spans.push({ from, to: from + line.length })
  }

  /** Lines of the chunks after `after`, at least one if there is one, up to about `maxBytes`. */
  async read(after: number, maxBytes: number): Promise<string> {
    const first = this.#spans[after]
    if (!first) return ''
    let last = first
    for (const span of this.#spans.slice(after)) {
      if (span.to - first.from > maxBytes) break
      last = span
    }
    const bytes = Buffer.alloc(last.to - first.from)
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, first.from)
    if (bytesRead !== bytes.length) throw new Error('The spool is shorter than what was written.')
    return bytes.toString('utf8')
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The lines from the start that are whole chunks in their order. */
function completeLines(bytes: Buffer): Span[] {
  const spans: Span[] = []
  for (let from = 0; ;) {
    const to = bytes.indexOf(0x0a, from) + 1
    if (to === 0 || !isChunk(bytes.toString('utf8', from, to), spans.length + 1)) return spans
    spans.push({ from, to })
    from = to
  }
}

function isChunk(line: string, number: number): boolean {
  try {
    return chunkSchema.parse(JSON.parse(line)).chunk === number
  } catch {
    return false
  }
}
