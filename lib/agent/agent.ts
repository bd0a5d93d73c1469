import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import {
  type OperationAccess,
  type OperationClient,
  openOperationClient,
} from '../databases/operation-client.ts'
import type { OperationRecord } from '../model/operation.ts'
import { parseSchedule } from '../workloads/schedule-text.ts'
import { AgentState } from './agent-state.ts'
import { IncarnationClock } from './clock.ts'
import { OpenLoop } from './open-loop.ts'
import type { AgentStatus, ClockReading, LoadRequest } from './protocol.ts'
import { Spool } from './spool.ts'

/** How long a record may wait for others before it is made durable with them. */
const FLUSH_MS = 100
/** What one report brings of the history, in bytes. */
const REPORT_BYTES = 512 * 1024

/** A request that makes no sense as things are. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal'
}

/**
 * The process that runs workloads inside the cluster. Once started it needs nobody: it sends what is
 * due and keeps its history on disk until somebody asks. A process that follows one that died goes
 * on with what is due from then on.
 */
export class Agent {
  readonly #state: AgentState
  readonly #spool: Spool
  readonly #clock = new IncarnationClock()
  readonly #loops = new Map<string, OpenLoop>()
  readonly #pieces = new Map<string, Map<number, string>>()
  #database: OperationClient | undefined
  #databaseKey = ''
  #startClockNs: number | undefined
  #isStopping = false
  #waiting: OperationRecord[] = []
  #flushTimer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()
  #trouble: string | undefined

  /** Takes up what an earlier process left in the folder, or begins anew. */
  static async open(dir: string): Promise<Agent> {
    const state = await AgentState.open(dir)
    const agent = new Agent(state, await Spool.open(join(dir, 'history.ndjson')))
    await agent.#resume()
    return agent
  }

  private constructor(state: AgentState, spool: Spool) {
    this.#state = state
    this.#spool = spool
  }

  clock(): ClockReading {
    return { incarnation: this.#state.now.incarnation, clockNs: this.#clock.nowNs() }
  }

  status(): AgentStatus {
    const { phase } = this.#state.now
    return {
      ...this.clock(),
      phase: this.#trouble === undefined ? (this.#isStopping ? 'stopping' : phase) : 'broken',
      ...(this.#startClockNs === undefined ? {} : { startClockNs: this.#startClockNs }),
      clients: [...this.#loops.values()].map((loop) => loop.status()),
      lastChunk: this.#spool.last,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    }
  }

  /** The status, then the chunks after `after` as far as they fit. */
  async report(after: number): Promise<string> {
    const status = JSON.stringify(this.status())
    return `${status}\n${await this.#spool.read(after, REPORT_BYTES)}`
  }

  keepPiece(digest: string, index: number, text: string): void {
    const pieces = this.#pieces.get(digest) ?? new Map<number, string>()
    this.#pieces.set(digest, pieces.set(index, text))
  }

  /** Loads a client's schedule; of a process that has one and has stopped, what comes after it. */
  async load(request: LoadRequest): Promise<void> {
    const { loads, phase } = this.#state.now
    if (loads.some(({ digest }) => digest === request.digest)) return
    if (phase === 'running') throw new AgentRefusal('A schedule is loaded before the start.')
    const text = await this.#assemble(request)
    await this.#state.keepSchedule(request.digest, text)
    const sentBefore = this.#take(text)
    await this.#state.change({
      phase: 'loaded',
      loads: [...loads, { ...request, sentBefore }],
    })
    // So that the first operation finds a connection; what fails here fails again there.
    this.#connect(request.database)
      .connect()
      .catch(() => undefined)
  }

  async start(startClockNs: number): Promise<void> {
    if (this.#state.now.phase === 'running') {
      if (startClockNs === this.#startClockNs) return
      throw new AgentRefusal('The workload has been started at another time.')
    }
    if (this.#state.now.phase !== 'loaded') throw new AgentRefusal('There is nothing to start.')
    this.#startClockNs = startClockNs
    const startEpochMs = this.#clock.toEpochMs(startClockNs)
    await this.#state.change({ phase: 'running', startEpochMs })
    for (const loop of this.#loops.values()) loop.start()
  }

  /** Sends nothing more; what is under way goes on until it ends, and the status says when. */
  async stop(): Promise<void> {
    if (this.#state.now.phase !== 'running') return
    this.#isStopping = true
    const ended = [...this.#loops.values()].map((loop) => loop.stop())
    await this.#state.change({ phase: 'stopped' })
    void Promise.all(ended)
      .then(() => this.#flush())
      .finally(() => (this.#isStopping = false))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()))
    await this.#flush()
    await this.#database?.close()
    await this.#spool.close()
  }

  async #resume(): Promise<void> {
    const { loads, phase, startEpochMs } = this.#state.now
    for (const { digest, database, sentBefore } of loads) {
      this.#connect(database)
      this.#take(await this.#state.readSchedule(digest), sentBefore)
    }
    if (startEpochMs !== undefined) this.#startClockNs = this.#clock.ofEpochMs(startEpochMs)
    if (phase !== 'running') return
    for (const loop of this.#loops.values()) {
      loop.skipUntil(this.#nowNs())
      loop.start()
    }
  }

  /** @returns how many operations of the process had been sent */
  #take(text: string, sentBefore?: number): number {
    const schedule = parseSchedule(text)
    const loop = this.#loops.get(schedule.process)
    if (loop) {
      if (sentBefore !== undefined) loop.skip(sentBefore)
      const { sent } = loop
      loop.extend(schedule)
      return sent
    }
    const made = new OpenLoop(schedule, {
      nowNs: () => this.#nowNs(),
      run: (operation) => this.#run(operation),
      onRecord: (record) => this.#keep(record),
    })
    this.#loops.set(schedule.process, made)
    return 0
  }

  #run: ConstructorParameters<typeof OpenLoop>[1]['run'] = (operation) => {
    if (!this.#database) throw new Error('A schedule comes with its database.')
    return this.#database.run(operation)
  }

  /** One driver for all clients of a database, as an application has. */
  #connect(access: OperationAccess): OperationClient {
    const key = JSON.stringify(access)
    if (this.#database && key !== this.#databaseKey) {
      throw new AgentRefusal('All schedules of an agent are for one database.')
    }
    this.#databaseKey = key
    this.#database ??= openOperationClient(access)
    return this.#database
  }

  #nowNs(): number {
    return this.#clock.nowNs() - (this.#startClockNs ?? 0)
  }

  #keep(record: OperationRecord): void {
    this.#waiting.push(record)
    this.#flushTimer ??= setTimeout(() => void this.#flush(), FLUSH_MS)
  }

  /** Makes durable what waits. Whoever can't keep a history must not go on making one. */
  #flush(): Promise<void> {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    this.#flushing = this.#afterFlush(this.#flushing)
    return this.#flushing
  }

  async #afterFlush(earlier: Promise<void>): Promise<void> {
    await earlier
    if (this.#waiting.length === 0 || this.#trouble !== undefined) return
    const records = this.#waiting
    this.#waiting = []
    try {
      await this.#spool.append({
        incarnation: this.#state.now.incarnation,
        startClockNs: this.#startClockNs ?? 0,
        records,
      })
    } catch (error) {
      this.#trouble = `The history can't be written: ${String(error)}`
      for (const loop of this.#loops.values()) void loop.stop()
    }
  }

  async #assemble({ digest, pieces: count }: LoadRequest): Promise<string> {
    const pieces = this.#pieces.get(digest)
    const parts = Array.from({ length: count }, (_, index) => pieces?.get(index))
    const missing = parts.findIndex((part) => part === undefined)
    if (missing !== -1) throw new AgentRefusal(`Piece ${missing} of the schedule is missing.`)
    const packed = Buffer.from(parts.join(''), 'base64')
    const text = (await promisify(gunzip)(packed)).toString('utf8')
    if (createHash('sha256').update(text).digest('hex') !== digest) {
      throw new AgentRefusal('The schedule is not the one that was announced.')
    }
    this.#pieces.delete(digest)
    return text
  }
}
