import type { Writable } from 'node:stream'
import type { BootEvent } from '../daemon/config.ts'

/** Prints each step of a boot on a line of its own when it ends, and when it begins on a terminal. */
export function createProgress(stream: Writable & { isTTY?: boolean }): (event: BootEvent) => void {
  return (event) => {
    if (!('step' in event)) return
    if (event.state === 'begin') {
      if (stream.isTTY) stream.write(`\r\u001B[K  …      ${event.text}`)
      return
    }
    const seconds = (event.elapsedMs / 1000).toFixed(1).padStart(6)
    const mark = event.state === 'end' ? '' : '  failed'
    stream.write(`${stream.isTTY ? '\r\u001B[K' : ''}${seconds} s  ${event.text}${mark}\n`)
  }
}
