import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Schedule } from '../../model/operation.ts'
import { serialiseSchedule } from '../../workloads/schedule-text.ts'
import type { OperationAccess } from '../../databases/operation-client.ts'
import {
  type AgentStatus,
  agentStatus,
  clockReading,
  type LoadRequest,
  PIECE_CHARACTERS,
} from '../protocol.ts'
import { ChunkReader } from './chunk-reader.ts'
import { ClockMap } from './clock-map.ts'
import type { Transport } from './transport.ts'

/** Round trips of one comparison of clocks. */
const ROUND_TRIPS = 15

/** One agent as the harness sees it: what it was told, and what it has said. */
export class RemoteAgent {
  readonly zone: string
  readonly pod: string
  readonly transport: Transport
  readonly clocks = new ClockMap()
  readonly history: ChunkReader
  /** The last that it said of itself. */
  status: AgentStatus | undefined
  readonly #runNowNs: () => number

  /** @param runNowNs the run's clock, nanoseconds */
  constructor(
    about: { readonly zone: string; readonly pod: string },
    transport: Transport,
    runNowNs: () => number,
  ) {
    this.zone = about.zone
    this.pod = about.pod
    this.transport = transport
    this.history = new ChunkReader(about.pod)
    this.#runNowNs = runNowNs
  }

  /** Compares the clock of the agent's present incarnation with the run's. */
  async compareClocks(): Promise<void> {
    const samples = []
    for (let i = 0; i < ROUND_TRIPS; i += 1) {
      const sentNs = this.#runNowNs()
      const answer = await this.transport.call('GET', '/clock')
      const uncertaintyNs = (this.#runNowNs() - sentNs) / 2
      const { incarnation, clockNs } = clockReading.parse(JSON.parse(answer))
      samples.push({ incarnation, clockNs, runNs: sentNs + uncertaintyNs, uncertaintyNs })
    }
    const newest = Math.max(...samples.map(({ incarnation }) => incarnation))
    this.clocks.add(samples.filter(({ incarnation }) => incarnation === newest))
  }

  /** Hands a client's schedule over; the agent answers when it is durable and whole. */
  async load(schedule: Schedule, database: OperationAccess): Promise<void> {
    const text = serialiseSchedule(schedule)
    const digest = createHash('sha256').update(text).digest('hex')
    const packed = (await promisify(gzip)(text)).toString('base64')
    const pieces = Math.ceil(packed.length / PIECE_CHARACTERS)
    for (let index = 0; index < pieces; index += 1) {
      const from = index * PIECE_CHARACTERS
      await this.transport.call(
        'POST',
        `/piece?of=${digest}&index=${index}`,
        packed.slice(from, from + PIECE_CHARACTERS),
      )
    }
    await this.#tell('/load', { digest, pieces, database } satisfies LoadRequest)
  }

  /** Has the workload's time be 0 at a moment of the run. */
  async start(runNs: number): Promise<void> {
    const incarnation = this.status?.incarnation ?? 1
    await this.#tell('/start', { startClockNs: this.clocks.toClockNs(incarnation, runNs) })
  }

  /** Lets what was loaded after a stop go on, on the same time. */
  async goOn(): Promise<void> {
    await this.#tell('/start', { startClockNs: this.status?.startClockNs ?? 0 })
  }

  /** Has it send nothing more; what is under way goes on. */
  async stop(): Promise<void> {
    await this.#tell('/stop')
  }

  /** Reads on in the history, as far as it is durable now. */
  async readOn(): Promise<AgentStatus> {
    for (;;) {
      const before = this.history.last
      const report = await this.transport.call('GET', `/report?after=${before}`)
      const status = this.history.take(report)
      this.status = status
      if (this.history.last === before || this.history.last === status.lastChunk) return status
    }
  }

  async #tell(path: string, request?: unknown): Promise<void> {
    const body = request === undefined ? undefined : JSON.stringify(request)
    this.status = agentStatus.parse(JSON.parse(await this.transport.call('POST', path, body)))
  }
}
