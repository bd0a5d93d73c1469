import { Background } from '../ec2/background.ts'
import { type Clock, systemClock } from '../ec2/clock.ts'
import { createLatency } from '../ec2/latency.ts'
import { randomHex, seededRandom } from '../ec2/seeded-random.ts'
import { defineQueryService } from '../ec2/wire/define-query-service.ts'
import type { QueryService } from '../ec2/wire/query-service.ts'
import { scalingAccessRequests } from './access-requests.ts'
import { scalingActions } from './actions.ts'
import type { Ec2Access, ScalingContext } from './context.ts'
import { createGroup, type GroupOptions } from './create-group.ts'
import { followEc2 } from './follow-ec2.ts'
import type { Group } from './group.ts'
import { checkHealth } from './health.ts'
import { DEFAULT_LATENCY_MS, type LatencyTable } from './latency.ts'
import { reconcile } from './reconcile.ts'
import { type GroupStatus, statusOf } from './status.ts'
import { waitInService } from './wait-in-service.ts'

export interface AutoScalingOptions {
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  readonly ec2: Ec2Access
  /** Ids and latencies come out of it. */
  readonly seed: string
  /** In place of entries of `DEFAULT_LATENCY_MS`. */
  readonly latencyMs?: Partial<LatencyTable>
  /** One line for each thing that a group does; without a time. */
  readonly eventLog?: (line: string) => void
  readonly clock?: Clock
}

export interface AutoScaling {
  /** For `Ec2.addService`: the query API, version 2011-01-01. */
  readonly service: QueryService
  /** Makes a group, launches its instances, at once, and gives the group's name. */
  createGroup(options: GroupOptions): string
  /**
   * Resolves when a new group has its desired capacity in service. Rejects with what the activity
   * says when a launch has failed, whatever became of it then, or after `timeoutMs`.
   */
  inService(groupName: string, timeoutMs: number): Promise<void>
  /** What there is, as plain data. */
  snapshot(): readonly GroupStatus[]
  /** Ends everything that is under way. */
  close(): Promise<void>
}

const CLOSE_LIMIT_MS = 5_000

/** Auto Scaling over an account's EC2, with no group in it. */
export function createAutoScaling(options: AutoScalingOptions): AutoScaling {
  const context = createContext(options)
  const unsubscribe = options.ec2.subscribe((change) => followEc2(context, change))
  void context.background.run('health checks', Promise.resolve(), () => lookForever(context))
  return {
    service: defineQueryService({
      name: 'autoscaling',
      version: '2011-01-01',
      namespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
      accountId: options.accountId,
      actions: scalingActions(context),
      accessRequests: (action, form) => scalingAccessRequests(context, action, form),
    }),
    createGroup: (group) => createGroup(context, group),
    inService: (name, timeoutMs) => waitInService(context, name, timeoutMs),
    snapshot: () => [...context.groups.values()].map(statusOf),
    async close() {
      unsubscribe()
      await context.background.close(CLOSE_LIMIT_MS)
    },
  }
}

function createContext(options: AutoScalingOptions): ScalingContext {
  const { seed, ec2, region, accountId, clock = systemClock, eventLog: log = () => {} } = options
  const background = new Background(clock, (what, error) =>
    log(`${what} failed: ${wordsOf(error)}`),
  )
  const ids = seededRandom(`${seed}/auto-scaling/id`)
  const table = { ...DEFAULT_LATENCY_MS, ...options.latencyMs }
  const latencyMs = createLatency(`${seed}/auto-scaling`, table)
  const waking = new Set<Group>()
  const context: ScalingContext = {
    region,
    accountId,
    ec2,
    clock,
    background,
    latencyMs,
    newUuid: () => [8, 4, 4, 4, 12].map((length) => randomHex(ids, length)).join('-'),
    log,
    groups: new Map(),
    wake(group) {
      if (waking.has(group)) return
      waking.add(group)
      void background.run(`a look at ${group.name}`, Promise.resolve(), async () => {
        await background.wait(latencyMs('decide'))
        waking.delete(group)
        reconcile(context, group, false)
      })
    },
  }
  return context
}

/** The periodic look at every group, until everything is closed. */
async function lookForever(context: ScalingContext): Promise<void> {
  for (;;) {
    await context.background.wait(context.latencyMs('healthCheck'))
    for (const group of context.groups.values()) {
      try {
        checkHealth(context, group)
        reconcile(context, group, true)
      } catch (error) {
        context.log(`a look at ${group.name} failed: ${wordsOf(error)}`)
      }
    }
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
