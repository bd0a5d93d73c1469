import { setTimeout as delay } from 'node:timers/promises'
import type { EventSink } from '../../kube/changes.ts'
import type { RemoteAgent } from './remote-agent.ts'
import { AgentUnreachable } from './transport.ts'

const INTERVAL_MS = 1000
/** An agent answers at once even when it has nothing to tell: silence is not idleness. */
const SILENT_AFTER_MS = 5000

/** Keeps in touch with an agent from its start to `end()`: reads its history as it grows. */
export class AgentFollower {
  readonly #agent: RemoteAgent
  readonly #events: EventSink
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #heardAtMs = performance.now()
  #isSilent = false
  #failure: unknown

  constructor(agent: RemoteAgent, events: EventSink) {
    this.#agent = agent
    this.#events = events
    this.#running = this.#follow()
  }

  /**
   * Asks no more.
   *
   * @throws what makes the history unusable: a gap, an agent that can't write
   */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#running
    if (this.#failure !== undefined) throw this.#failure
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted && this.#failure === undefined) {
      try {
        await this.#look()
      } catch (error) {
        if (error instanceof AgentUnreachable) this.#missed()
        else this.#failure = error
      }
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const agent = this.#agent
    const known = agent.status?.incarnation
    const { incarnation } = await agent.readOn()
    if (known !== undefined && incarnation !== known) {
      this.#tell('agent.restarted', `The agent of zone ${agent.zone} was started anew.`)
    }
    if (!agent.clocks.knows(incarnation)) await agent.compareClocks()
    if (this.#isSilent) {
      this.#isSilent = false
      this.#tell('agent.back', `The agent of zone ${agent.zone} answers again.`)
    }
    this.#heardAtMs = performance.now()
  }

  #missed(): void {
    const silentMs = performance.now() - this.#heardAtMs
    if (this.#isSilent || silentMs < SILENT_AFTER_MS) return
    this.#isSilent = true
    const seconds = (silentMs / 1000).toFixed(0)
    this.#tell(
      'agent.silent',
      `The agent of zone ${this.#agent.zone} has not answered for ${seconds} s; it goes on by itself.`,
    )
  }

  #tell(kind: string, text: string): void {
    this.#events.emit({ kind, subject: `zone/${this.#agent.zone}`, text })
  }
}
