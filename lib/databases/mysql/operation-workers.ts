import type { OperationAnswer } from '../../model/operation.ts'
import { before, OperationConnection, type ServerAddress } from './operation-connection.ts'
import { codeOf, failureOf, NoAnswerInTime } from './operation-outcome.ts'

/** So many take turns, that operations spread over the servers behind a Service. */
const WORKERS_IN_TURN = 4
/**
 * A Service chooses a server when a connection is made, and never again: a client that kept its
 * connections would go on with servers that the Service has given up, and spare new ones.
 */
const CONNECTION_LIFETIME_MS = 10_000

/** One try to do an operation. */
export interface Attempt {
  readonly connection: OperationConnection
  /** Called before the first statement is sent after which the operation may have happened. */
  readonly mayHappen: () => void
}

/** One worker: a connection that nobody else uses, opened when it is needed. */
interface Worker {
  connection?: OperationConnection
}

/**
 * Runs operations on connections with one address, one at a time on each. Those that find no
 * connection free within their deadline are refused, as an application's would be.
 */
export class OperationWorkers {
  readonly #address: ServerAddress
  readonly #deadlineMs: number
  readonly #maxConnections: number
  readonly #all = new Set<Worker>()
  /** By when they became free. */
  readonly #free: Worker[] = []
  readonly #waiting: ((worker: Worker) => void)[] = []
  #isClosed = false

  constructor(
    address: ServerAddress,
    limits: { readonly deadlineMs: number; readonly maxConnections: number },
  ) {
    this.#address = address
    this.#deadlineMs = limits.deadlineMs
    this.#maxConnections = limits.maxConnections
  }

  /** Opens connections ahead of the first operation. @throws what kept it from that */
  async connect(): Promise<void> {
    const workers = Array.from({ length: WORKERS_IN_TURN }, () => this.#freeNow())
    await Promise.all(
      workers.map(async (worker) => {
        if (!worker) return
        try {
          await this.#connected(worker, this.#deadlineMs)
        } finally {
          this.#release(worker)
        }
      }),
    )
  }

  /** Does one operation and says how it ended; never rejects. */
  async run(work: (attempt: Attempt) => Promise<OperationAnswer>): Promise<OperationAnswer> {
    const endsAtMs = performance.now() + this.#deadlineMs
    const leftMs = (): number => Math.max(0, endsAtMs - performance.now())
    const worker = await this.#take()
    if (!worker) return { outcome: 'fail', error: 'no free connection in time' }
    try {
      const connection = await this.#connected(worker, leftMs())
      return await attemptOn(connection, leftMs(), work)
    } catch (error) {
      // Without a connection nothing was sent, whatever the reason.
      return { outcome: 'fail', error: codeOf(error) }
    } finally {
      this.#release(worker)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#all) connection?.destroy()
  }

  async #connected(worker: Worker, limitMs: number): Promise<OperationConnection> {
    const known = worker.connection
    if (known && isOfUse(known)) return known
    known?.destroy()
    delete worker.connection
    const connection = await OperationConnection.open(this.#address, limitMs)
    if (this.#isClosed) connection.destroy()
    worker.connection = connection
    return connection
  }

  /** Somebody who has nothing to do: in turn once there are enough for that. */
  #freeNow(): Worker | undefined {
    const isSmall = this.#all.size < WORKERS_IN_TURN
    const canGrow = this.#all.size < this.#maxConnections
    if (!isSmall) {
      const known = this.#free.shift()
      if (known) return known
    }
    if (!canGrow) return undefined
    const worker: Worker = {}
    this.#all.add(worker)
    return worker
  }

  /** @returns undefined when nobody became free in time */
  async #take(): Promise<Worker | undefined> {
    const known = this.#freeNow()
    if (known) return known
    return new Promise((resolve) => {
      const turn = (worker: Worker): void => {
        clearTimeout(timer)
        resolve(worker)
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        resolve(undefined)
      }, this.#deadlineMs)
      this.#waiting.push(turn)
    })
  }

  #release(worker: Worker): void {
    const next = this.#waiting.shift()
    if (next) return next(worker)
    const { connection } = worker
    const isSpare = this.#all.size > WORKERS_IN_TURN
    // What an outage made many of goes with its connections.
    if (isSpare && !(connection && isOfUse(connection))) {
      connection?.destroy()
      this.#all.delete(worker)
    } else this.#free.push(worker)
    return undefined
  }
}

/** Never rejects. */
async function attemptOn(
  connection: OperationConnection,
  limitMs: number,
  work: (attempt: Attempt) => Promise<OperationAnswer>,
): Promise<OperationAnswer> {
  let isPossible = false
  let isLate = false
  const coordinator = connection.server
  const giveUp = (): void => {
    isLate = true
    connection.destroy()
  }
  const mayHappen = (): void => {
    if (isLate) throw new NoAnswerInTime()
    isPossible = true
  }
  try {
    const answer = await before(limitMs, giveUp, () => work({ connection, mayHappen }))
    return { ...answer, coordinator }
  } catch (error) {
    const failure = failureOf(error)
    // Whoever gave up before its commit leaves a transaction behind, which goes with the connection.
    if (failure.outcome === 'info' || !isPossible) connection.destroy()
    return { ...failure, ...(isPossible ? {} : { outcome: 'fail' }), coordinator }
  }
}

function isOfUse({ isDestroyed, openedAtMs }: OperationConnection): boolean {
  return !isDestroyed && performance.now() - openedAtMs < CONNECTION_LIFETIME_MS
}
