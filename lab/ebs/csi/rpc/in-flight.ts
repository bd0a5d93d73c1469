import { CsiError } from './status.ts'

/**
 * Keeps two calls about the same thing from running at once, as the CSI specification asks of a
 * driver that can't queue them: the second is ABORTED, and its caller comes back.
 */
export class InFlight {
  readonly #keys = new Set<string>()

  /** @throws CsiError ABORTED while another call holds `key`. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#keys.has(key)) {
      throw new CsiError('ABORTED', `An operation on ${key} is already in progress`)
    }
    this.#keys.add(key)
    try {
      return await work()
    } finally {
      this.#keys.delete(key)
    }
  }
}
