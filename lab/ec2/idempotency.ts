import { ApiError, invalidValue } from './api-error.ts'

interface Remembered {
  readonly fingerprint: string
  readonly ids: readonly string[]
  readonly atMs: number
}

/** AWS forgets a token after a day. */
const KEPT_MS = 24 * 3_600_000

/** What was made for which ClientToken. */
export class IdempotencyTable {
  readonly #remembered = new Map<string, Remembered>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * The ids that an earlier request with this token made, or undefined when there was none.
   * Throws IdempotentParameterMismatch (in `words`) when the parameters differ, or when what was
   * made exists no longer: a token is spent with its resource (EBS driver, issue 1428).
   */
  find(
    request: IdempotentRequest,
    exists: (id: string) => boolean,
    words: string,
  ): readonly string[] | undefined {
    if (request.token === undefined) return undefined
    if (!/^[\x20-\x7e]{1,64}$/.test(request.token)) {
      throw invalidValue(
        `Value (${request.token}) for parameter clientToken is invalid. It must be 1 to 64 ASCII characters.`,
      )
    }
    const found = this.#remembered.get(key(request))
    if (found === undefined || this.#now() - found.atMs > KEPT_MS) return undefined
    if (found.fingerprint !== fingerprint(request.parameters) || !found.ids.every(exists)) {
      throw new ApiError('IdempotentParameterMismatch', words)
    }
    return found.ids
  }

  remember(request: IdempotentRequest, ids: readonly string[]): void {
    if (request.token === undefined) return
    const entry = { fingerprint: fingerprint(request.parameters), ids, atMs: this.#now() }
    this.#remembered.set(key(request), entry)
  }
}

export interface IdempotentRequest {
  readonly action: string
  readonly token: string | undefined
  readonly parameters: Readonly<Record<string, unknown>>
}

const key = (request: IdempotentRequest): string => `${request.action} ${request.token}`

/** Everything that was asked for but the token itself and DryRun; the order doesn't count. */
function fingerprint(parameters: Readonly<Record<string, unknown>>): string {
  const { ClientToken: _token, DryRun: _dryRun, ...rest } = parameters
  return JSON.stringify(rest, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}
