import type { Writable } from 'node:stream'
import { cutLine } from './text.ts'

/** What a terminal is asked for here. */
export type TerminalStream = Writable & { readonly columns?: number; readonly rows?: number }

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const REDRAW_MS = 120
/** Without automatic wrapping a line is one row high, whatever the width of its letters. */
const NO_WRAP = '\u001B[?7l'
const WRAP = '\u001B[?7h'

/** A line that shows what is going on now. */
export interface LiveLine {
  readonly indent: number
  readonly text: string
  /** Time passed, ready to show: `(4.3 s)`. */
  readonly elapsed: string
  /** What has ended but belongs to something that goes on. */
  readonly done?: boolean
}

/**
 * The lower end of a terminal, redrawn while things go on; what is done is printed above it and
 * stays. listr2 takes a list of functions and runs them, but here the steps come as events from
 * other processes, so the list is drawn from what is known.
 */
export class LiveRegion {
  readonly #stream: TerminalStream
  readonly #current: () => readonly LiveLine[]
  #height = 0
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  /** @param current what goes on now; asked for at each redraw */
  constructor(stream: TerminalStream, current: () => readonly LiveLine[]) {
    this.#stream = stream
    this.#current = current
  }

  /** Prints lines that stay, and redraws what is going on below them. */
  print(lines: readonly string[]): void {
    this.#draw(lines)
    this.#timer ??= setInterval(() => {
      this.#frame += 1
      this.#draw([])
    }, REDRAW_MS).unref()
  }

  /** Takes the live lines away for good. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stream.write(this.#erase())
    this.#height = 0
  }

  #draw(above: readonly string[]): void {
    const columns = Math.max(20, this.#stream.columns ?? 80)
    const rows = Math.max(3, (this.#stream.rows ?? 24) - 2)
    const all = this.#current()
    const shown = all.length <= rows ? all : all.slice(all.length - rows)
    const spinner = FRAMES[this.#frame % FRAMES.length] ?? ''
    const live = shown.map(({ indent, text, elapsed, done }) => {
      const space = columns - 1 - indent - 2 - elapsed.length - 1
      return `${' '.repeat(indent)}${done ? '✔' : spinner} ${cutLine(text, Math.max(1, space))} ${elapsed}`
    })
    const kept = above.map((line) => `${line}\n`).join('')
    const moving = live.length === 0 ? '' : `${NO_WRAP}${live.map((l) => `${l}\n`).join('')}${WRAP}`
    // One write, so that nothing flickers.
    this.#stream.write(this.#erase() + kept + moving)
    this.#height = live.length
  }

  /** Up to the first live line, and all below it gone. */
  #erase(): string {
    return this.#height === 0 ? '' : `\u001B[${this.#height}A\r\u001B[J`
  }
}
