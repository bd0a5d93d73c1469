import { type ChangeLog, deletionOf, type EventSink } from '../../kube/changes.ts'
import { type Cluster, explainApiError, orAbsent } from '../../kube/cluster.ts'
import { InconclusiveError } from '../../model/errors.ts'
import type { DatabaseAccess } from '../../model/database-access.ts'
import type { OperationRecord, Schedule } from '../../model/operation.ts'
import type { PullRules, Zone } from '../../model/target.ts'
import { randomLetters } from '../../std/ids.ts'
import { poll, WaitTimeoutError } from '../../std/poll.ts'
import type { OperationAccess } from '../../databases/operation-client.ts'
import { loginMount } from '../../databases/login-files.ts'
import { completeHistory } from '../../workloads/complete-history.ts'
import { bundleAgent } from '../bundle.ts'
import { agentConfigMap, agentPod } from './agent-pod.ts'
import { AgentFollower } from './follow-agent.ts'
import { RemoteAgent } from './remote-agent.ts'
import { AgentUnreachable, reachAgent } from './transport.ts'

/** What agents are installed with. */
export interface FleetOptions {
  readonly cluster: Cluster
  readonly log: ChangeLog
  readonly events: EventSink
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly pulls?: PullRules
  /** How the database wants to be spoken to: its Secrets are mounted. */
  readonly access?: DatabaseAccess
  /** One agent for each; those without a node are left out. */
  readonly zones: readonly Zone[]
  /** The run's clock, nanoseconds since its start. */
  readonly runNowNs: () => number
}

/** A zone's history, whole, on the run's clock. */
export interface ZoneHistory {
  readonly zone: string
  readonly records: readonly OperationRecord[]
  /** By how much its times may be off the run's clock. */
  readonly uncertaintyNs: number
  /** Whether the agent could not be asked at the end. */
  readonly isLost: boolean
  /** How many operations left no record: they count as `info`. */
  readonly withoutRecord: number
  /** Records of a process whose clock could never be compared. */
  readonly unmeasured: number
}

/** One agent and what it is to do. */
interface Member {
  readonly agent: RemoteAgent
  follower?: AgentFollower
  isLost: boolean
  /** In the order they were loaded; each with the time from which on nothing of it was sent. */
  readonly loads: { readonly schedule: Schedule; untilNs?: number }[]
}

/** From the order to start until the start, so that all agents have heard of it. */
const HEAD_START_NS = 1.5e9

/** The agents of a scenario, one in each zone. */
export class AgentFleet implements Disposable {
  readonly #options: FleetOptions
  readonly #members: readonly Member[]
  #startRunNs: number | undefined

  /**
   * Brings the agents up and compares their clocks; all that is made is journaled.
   *
   * @throws InconclusiveError when one doesn't come up or can't be reached
   */
  static async install(options: FleetOptions): Promise<AgentFleet> {
    const { namespace, labels, zones, cluster } = options
    const name = `zonefall-agent-${randomLetters(5)}`
    const bundle = await bundleAgent()
    await create(options, 'ConfigMap', name, () =>
      cluster.core.createNamespacedConfigMap({
        namespace,
        body: agentConfigMap(name, labels, bundle),
      }),
    )
    const members = await Promise.all(
      zones
        .filter(({ nodes }) => nodes.length > 0)
        .map(async (zone): Promise<Member> => {
          const agent = await bringUp(options, {
            name: `${name}-${zone.name}`,
            configMap: name,
            zone,
          })
          return { agent, isLost: false, loads: [] }
        }),
    )
    return new AgentFleet(options, members)
  }

  private constructor(options: FleetOptions, members: readonly Member[]) {
    this.#options = options
    this.#members = members
  }

  get agents(): readonly RemoteAgent[] {
    return this.#members.map(({ agent }) => agent)
  }

  get isStarted(): boolean {
    return this.#startRunNs !== undefined
  }

  /** When the workload's time is 0, on the run's clock; nanoseconds. */
  get startRunNs(): number {
    if (this.#startRunNs === undefined) throw new InconclusiveError('No agent has been started.')
    return this.#startRunNs
  }

  /** Hands each zone's agent its schedules; those of lost agents are kept for nobody. */
  async load(schedules: readonly Schedule[], database: OperationAccess): Promise<void> {
    await Promise.all(
      this.#present.map(async ({ agent, loads }) => {
        for (const schedule of schedules.filter(({ zone }) => zone === agent.zone)) {
          await agent.load(schedule, database)
          loads.push({ schedule })
        }
      }),
    )
  }

  /** Starts all agents at one moment, and reads their histories from then on. */
  async start(): Promise<void> {
    const startRunNs = this.#startRunNs ?? this.#options.runNowNs() + HEAD_START_NS
    const isFirst = this.#startRunNs === undefined
    this.#startRunNs = startRunNs
    await Promise.all(
      this.#present.map(async (member) => {
        await (isFirst ? member.agent.start(startRunNs) : member.agent.goOn())
        member.follower = new AgentFollower(member.agent, this.#options.events)
      }),
    )
  }

  /** Waits until every agent that can be asked has sent all it was given and knows its end. */
  async allDone(): Promise<void> {
    await Promise.all(
      this.#present.map((member) =>
        this.#until(member, 'to have sent everything', ({ clients }) =>
          clients.every(({ nextDueNs, inFlight }) => nextDueNs === undefined && inFlight === 0),
        ),
      ),
    )
  }

  /**
   * Has all agents send nothing more, waits for what is under way, reads the rest of their histories
   * and compares the clocks again. One that can't be asked within the budget `clientsStop` is lost.
   */
  async stop(): Promise<void> {
    await Promise.all(
      this.#present.map(async (member) => {
        await member.follower?.end()
        const stopped = await this.#until(member, 'to stop', async () => {
          await member.agent.stop()
          return (
            member.agent.status?.phase !== 'stopping' && member.agent.status?.phase !== 'running'
          )
        })
        if (!stopped) return this.#lose(member)
        await member.agent.readOn()
        await member.agent.compareClocks()
        const { status } = member.agent
        if (status?.trouble !== undefined) {
          throw new InconclusiveError(`Agent ${member.agent.pod}: ${status.trouble}`)
        }
        for (const load of member.loads) {
          if (load.untilNs !== undefined) continue
          const client = status?.clients.find(({ process }) => process === load.schedule.process)
          load.untilNs = client?.nextDueNs ?? Number.POSITIVE_INFINITY
        }
      }),
    )
  }

  /** Gives connections back; what was installed is undone by the journal. */
  [Symbol.dispose](): void {
    for (const { agent, follower } of this.#members) {
      void follower?.end().catch(() => undefined)
      agent.transport.close()
    }
  }

  /** What became of all operations, zone by zone. */
  histories(): ZoneHistory[] {
    return this.#members.map((member) => this.#history(member))
  }

  get #present(): Member[] {
    return this.#members.filter(({ isLost }) => !isLost)
  }

  #history({ agent, loads, isLost }: Member): ZoneHistory {
    const { records, uncertaintyNs, unmeasured } = agent.history.records(
      agent.clocks,
      this.startRunNs,
    )
    // Of a load that nobody has stopped, what is due later was not sent yet.
    const nowNs = this.#options.runNowNs() - this.startRunNs
    const whole = loads.flatMap(({ schedule, untilNs = nowNs }) => {
      const { process, operations } = schedule
      const first = operations[0]?.index ?? 0
      const last = operations.at(-1)?.index ?? -1
      const own = records.filter(
        (record) => record.process === process && record.index >= first && record.index <= last,
      )
      return completeHistory(schedule, own, untilNs)
    })
    return {
      zone: agent.zone,
      records: whole.toSorted((a, b) => a.dueNs - b.dueNs),
      uncertaintyNs,
      isLost,
      withoutRecord: whole.length - records.length,
      unmeasured,
    }
  }

  /** What it may have sent until now nobody knows. */
  #lose(member: Member): void {
    member.isLost = true
    const nowNs = this.#options.runNowNs() - this.startRunNs
    for (const load of member.loads) load.untilNs ??= nowNs
    this.#options.events.emit({
      kind: 'agent.lost',
      subject: `zone/${member.agent.zone}`,
      text: `The agent of zone ${member.agent.zone} could not be asked: what it did after its last report is unknown.`,
      data: { pod: member.agent.pod, lastChunk: member.agent.history.last },
    })
  }

  /** @returns false when it could not be asked, or didn't come to it, in time */
  async #until(
    { agent }: Member,
    what: string,
    isSo: (status: NonNullable<RemoteAgent['status']>) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const { cluster, namespace } = this.#options
    try {
      return await poll(
        { what: `agent ${agent.pod} ${what}`, budget: 'clientsStop', intervalMs: 250 },
        async () => {
          try {
            if (await isSo(await agent.readOn())) return { done: true, value: true }
            return { done: false, seen: agent.status?.clients }
          } catch (error) {
            if (!(error instanceof AgentUnreachable)) throw error
            const pod = await orAbsent(
              cluster.core.readNamespacedPod({ namespace, name: agent.pod }),
            )
            // Its history went with it: there is nothing to wait for.
            if (!pod) return { done: true, value: false }
            return { done: false, seen: explainApiError(error) }
          }
        },
      )
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
      return false
    }
  }
}

async function bringUp(
  options: FleetOptions,
  place: { readonly name: string; readonly configMap: string; readonly zone: Zone },
): Promise<RemoteAgent> {
  const { cluster, namespace, labels, pulls, access, events, runNowNs } = options
  const { name: pod, zone } = place
  await create(options, 'Pod', pod, () =>
    cluster.core.createNamespacedPod({
      namespace,
      body: agentPod({
        ...place,
        labels,
        pulls: pulls ?? {},
        login: loginMount(access ?? {}).sources,
      }),
    }),
  )
  const transport = await reachAgent(cluster, { namespace, pod })
  const agent = new RemoteAgent({ zone: zone.name, pod }, transport, runNowNs)
  await agent.compareClocks()
  await agent.readOn()
  const [sample] = agent.clocks.samples
  events.emit({
    kind: 'agent.ready',
    subject: `zone/${zone.name}`,
    text: `The agent of zone ${zone.name} is asked by ${transport.name === 'proxy' ? "the API server's proxy" : 'exec'}.`,
    data: { pod, transport: transport.name, clockUncertaintyNs: sample?.uncertaintyNs },
  })
  return agent
}

async function create(
  { log, namespace }: FleetOptions,
  objectKind: 'ConfigMap' | 'Pod',
  name: string,
  make: () => Promise<unknown>,
): Promise<void> {
  await log.change(
    {
      action: `create ${objectKind} ${name}`,
      undo: deletionOf(objectKind, namespace, name),
    },
    async () => {
      try {
        return await make()
      } catch (error) {
        throw new InconclusiveError(
          `${objectKind} ${name} was refused: ${explainApiError(error)}`,
          {
            cause: error,
          },
        )
      }
    },
  )
}
