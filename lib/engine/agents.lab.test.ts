import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentFleet, type FleetOptions } from '../agent/remote/fleet.ts'
import { cause } from '../faults/active-fault.ts'
import { killProcess } from '../faults/kill-process.ts'
import { zonePartition } from '../faults/zone-partition.ts'
import { Cluster } from '../kube/cluster.ts'
import type { OperationRecord, Schedule } from '../model/operation.ts'
import { poll } from '../std/poll.ts'
import { availabilitySchedules } from '../workloads/availability.ts'
import { type BenchRun, FaultBench } from './testing/fault-bench.ts'
import { undoAll } from './undo.ts'

/**
 * Agents in pods of real zones, without a database: every operation is refused, and every one has to
 * be accounted for all the same.
 */
let bench: FaultBench

beforeAll(async () => {
  bench = await FaultBench.start('agents-test')
})
afterAll(() => bench[Symbol.asyncDispose]())

const DATABASE = {
  system: 'cassandra',
  contactPoints: ['nobody.default.svc.cluster.local'],
  port: 9042,
  datacenter: 'none',
  consistency: 'QUORUM',
} as const

interface Told {
  readonly kind: string
  readonly subject?: string
  readonly data?: Readonly<Record<string, unknown>>
}

async function install(
  { run, context }: BenchRun,
  cluster: Cluster = bench.cluster,
): Promise<{ fleet: AgentFleet; schedules: Schedule[]; told: Told[] }> {
  const told: Told[] = []
  const options: FleetOptions = {
    ...context,
    cluster,
    events: { emit: (event) => void told.push(event) },
    zones: run.target.zones,
    runNowNs: () => Math.round(performance.now() * 1e6),
  }
  const fleet = await AgentFleet.install(options)
  const clients = fleet.agents.map(({ zone }) => ({ process: zone, zone }))
  const load = { seed: 'agents', clients, durationMs: 600_000, ratePerSecond: 20 }
  const schedules = availabilitySchedules(load)
  await fleet.load(schedules, DATABASE)
  await fleet.start()
  return { fleet, schedules, told }
}

async function someHistory(fleet: AgentFleet): Promise<void> {
  await poll({ what: 'some history of each agent', budget: 'clientsStop' }, () => {
    const read = fleet.agents.map(({ history }) => history.last)
    return read.every((last) => last > 3)
      ? { done: true, value: true }
      : { done: false, seen: read }
  })
}

function untilTold(told: readonly Told[], kind: string, zone: string): Promise<Told> {
  return poll({ what: `${kind} of ${zone}`, budget: 'clientsStop', intervalMs: 100 }, () => {
    const found = told.find((event) => event.kind === kind && event.subject === `zone/${zone}`)
    return found ? { done: true, value: found } : { done: false, seen: told }
  })
}

/** Every operation that was due is there once, in its order. */
function expectWhole(records: readonly OperationRecord[], schedule: Schedule | undefined): void {
  expect(records.length).toBeGreaterThan(0)
  const planned = (schedule?.operations ?? []).slice(0, records.length)
  expect(records.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
    planned.map(({ index }) => index),
  )
}

async function takeDown(bench: BenchRun): Promise<void> {
  expect(await undoAll(bench.run, bench.run.journal.pending())).toEqual([])
  expect(await bench.leaks()).toEqual([])
}

test('a zone that is cut off goes on and is read later; a killed agent goes on from where it is', async () => {
  const run = await bench.run()
  const { fleet, schedules, told } = await install(run)
  const [killed, cut] = run.run.target.zones
  if (!killed || !cut) throw new Error('the lab has three zones')
  const victim = fleet.agents.find(({ zone }) => zone === killed.name)
  await someHistory(fleet)
  const plan = await zonePartition.plan(run.context, cut)
  // Not observed: that the API server loses the node is the fault's own test.
  const { changes } = await zonePartition.inject(run.context, plan)
  await cause(killProcess, run.context, { pod: victim?.pod ?? '', container: 'agent' })
  await untilTold(told, 'agent.silent', cut.name)
  await untilTold(told, 'agent.restarted', killed.name)
  await run.context.takeBack(changes)
  await untilTold(told, 'agent.back', cut.name)
  await fleet.stop()
  fleet[Symbol.dispose]()

  const histories = fleet.histories()
  expect(histories.map(({ zone, isLost }) => [zone, isLost])).toEqual(
    run.run.target.zones.map(({ name }) => [name, false]),
  )
  for (const { zone, records, uncertaintyNs, withoutRecord, unmeasured } of histories) {
    expectWhole(
      records,
      schedules.find((one) => one.zone === zone),
    )
    expect(uncertaintyNs).toBeLessThan(100e6)
    expect(unmeasured).toBe(0)
    // The driver is asked and refuses: nothing was sent anywhere.
    const recorded = records.filter(({ error }) => error !== 'no-record')
    expect(new Set(recorded.map(({ outcome }) => outcome))).toEqual(new Set(['fail']))
    // While its process was away nothing was written down; in the other zones everything was.
    expect([zone, withoutRecord > 0]).toEqual([zone, zone === killed.name])
    // The process that followed did what came later.
    expect(records.at(-1)?.outcome).toBe('fail')
  }
  await takeDown(run)
})

test('who may not use the proxy asks by exec; what an agent did that is gone is unknown', async () => {
  const run = await bench.run()
  const { fleet, schedules, told } = await install(run, await withoutProxy())
  const ways = told.filter(({ kind }) => kind === 'agent.ready').map(({ data }) => data)
  expect(ways).toMatchObject(Array.from({ length: 3 }, () => ({ transport: 'exec' })))
  const [lost] = fleet.agents
  if (!lost) throw new Error('there should be agents')
  await someHistory(fleet)
  await bench.cluster.core.deleteNamespacedPod({ namespace: 'default', name: lost.pod })
  await poll({ what: 'the end of an agent', budget: 'podGone' }, async () => {
    const { items } = await bench.cluster.core.listNamespacedPod({ namespace: 'default' })
    const left = items.filter(({ metadata }) => metadata?.name === lost.pod)
    return left.length === 0 ? { done: true, value: true } : { done: false, seen: left.length }
  })
  await fleet.stop()
  const sinceStartNs = performance.now() * 1e6 - fleet.startRunNs
  fleet[Symbol.dispose]()

  expect(told.filter(({ kind }) => kind === 'agent.lost')).toMatchObject([
    { subject: `zone/${lost.zone}` },
  ])
  for (const { zone, records, isLost, withoutRecord } of fleet.histories()) {
    expectWhole(
      records,
      schedules.find((one) => one.zone === zone),
    )
    expect([zone, isLost]).toEqual([zone, zone === lost.zone])
    const unknown = records.filter(({ outcome }) => outcome === 'info')
    expect(unknown).toHaveLength(withoutRecord)
    // All of them after the last that was read.
    expect(records.slice(records.length - withoutRecord)).toEqual(unknown)
    expect(withoutRecord > 0).toBe(isLost)
    // What would have been due later was never sent by anybody.
    expect(records.at(-1)?.dueNs).toBeLessThan(sinceStartNs)
  }
  await takeDown(run)
})

/** A user who may do what agents need, but for the proxy. */
async function withoutProxy(): Promise<Cluster> {
  const { objects } = bench.cluster
  const header = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'no-proxy' } }
  const rules = [
    { apiGroups: [''], resources: ['pods', 'pods/exec', 'configmaps'], verbs: ['get', 'create'] },
  ]
  await objects.create({ ...header, kind: 'ClusterRole', rules })
  await objects.create({
    ...header,
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'no-proxy' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'no-proxy' }],
  })
  const { kubeconfig, context } = bench.started.description
  return Cluster.connect({ kubeconfig, context, impersonate: 'no-proxy' })
}
