import { afterAll, beforeAll, expect, test } from 'vitest'
import { cause } from '../faults/active-fault.ts'
import { capacityOutage } from '../faults/capacity-outage.ts'
import { detachVolume } from '../faults/detach-volume.ts'
import { drainZone } from '../faults/drain-zone.ts'
import { killProcess } from '../faults/kill-process.ts'
import { outOfService } from '../faults/out-of-service.ts'
import { pauseProcess } from '../faults/pause-process.ts'
import { powerCut } from '../faults/power-cut.ts'
import { rebootInstance } from '../faults/reboot-instance.ts'
import { stopInstance } from '../faults/stop-instance.ts'
import { terminateInstance } from '../faults/terminate-instance.ts'
import { twoZoneOutage } from '../faults/two-zone-outage.ts'
import { zoneOutage } from '../faults/zone-outage.ts'
import { zonePartition } from '../faults/zone-partition.ts'
import type { InstanceWish } from '../faults/instance-plan.ts'
import type { Zone } from '../model/target.ts'
import { FaultBench } from './testing/fault-bench.ts'
import { CONTAINERS, deployProbeSet, NAMESPACE } from './testing/probe-set.ts'

/**
 * Every fault once: planned, injected, seen to take effect from another source, and taken back; and
 * every kind of undo once by a process that knows nothing but the journal.
 */
let bench: FaultBench

beforeAll(async () => {
  bench = await FaultBench.start('faults-test')
  await deployProbeSet(bench.cluster)
})
afterAll(() => bench[Symbol.asyncDispose]())

async function zone(index: number): Promise<Zone> {
  const found = (await bench.zones())[index]
  if (!found) throw new Error(`the lab has no zone ${index}`)
  return found
}

async function nodesOf(...indices: readonly number[]): Promise<InstanceWish> {
  const zones = await Promise.all(indices.map((index) => zone(index)))
  return {
    subject: `zone/${zones.map(({ name }) => name).join(',')}`,
    nodes: zones.flatMap(({ nodes }) => nodes),
  }
}

/** The pod of the set that is in a zone. */
async function podIn({ nodes }: Zone): Promise<string> {
  const { items } = await bench.cluster.core.listNamespacedPod({ namespace: NAMESPACE })
  const pod = items.find(({ spec }) => nodes.some(({ name }) => name === spec?.nodeName))
  if (!pod?.metadata?.name) throw new Error('the zone has no pod')
  return pod.metadata.name
}

test('instances stopped, cut off power and rebooted at the same time, one in each zone', async () => {
  const run = await bench.run()
  const { context } = run
  const [stopped, cut, rebooted] = await Promise.all([
    cause(stopInstance, context, await nodesOf(0)),
    cause(powerCut, context, await nodesOf(1)),
    cause(rebootInstance, context, await nodesOf(2)),
  ])
  expect(Object.values(stopped.observation.data['instances'] ?? {})).toEqual(['stopped'])
  expect(Object.values(cut.observation.data['instances'] ?? {})).toEqual(['stopped'])
  // Nobody was left to report an end.
  expect(Object.values(cut.observation.data['pods'] ?? {})).toEqual([
    'Running, child running, volume running',
  ])
  expect(rebooted.observation.text).toMatch(/booted anew/)
  await Promise.all([stopped.heal(), cut.heal(), rebooted.heal()])
  expect(await run.leaks()).toEqual([])
})

test('two zones cut off at once, one of their nodes taken out of service: replayed from the journal', async () => {
  const run = await bench.run()
  const { context } = run
  const wish = await nodesOf(0, 1)
  const [first] = wish.nodes
  const outage = await cause(twoZoneOutage, context, wish)
  expect(outage.plan.zones).toEqual(['us-east-1a', 'us-east-1b'])
  const collected = await cause(outOfService, context, { node: first?.name ?? '' })
  expect(collected.observation.text).toMatch(/no VolumeAttachment/)
  const kinds = run.run.journal.pending().map(({ undo }) => undo.kind)
  expect(new Set(kinds)).toEqual(
    new Set(['remove-taint', 'restore-capacity', 'start-instances', 'resume-processes']),
  )
  expect(await run.replayTwice()).toEqual([])
  await outage.recovered()
})

test('an outage of a zone takes its capacity too, which a launch there shows', async () => {
  const run = await bench.run()
  const first = await zone(0)
  const outage = await cause(zoneOutage, run.context, await nodesOf(0))
  const without = await cause(capacityOutage, run.context, first)
  expect(without.observation.data['refusal']).toMatch(/sufficient t3.medium capacity/)
  await outage.heal()
  await without.heal()
  await expect(
    cause(capacityOutage, { ...run.context, capacity: undefined }, first),
  ).rejects.toThrow('no way to take the capacity')
  expect(await run.leaks()).toEqual([])
})

test('a zone cut off the network is lost, alone, and comes back; also by replaying the journal', async () => {
  const run = await bench.run()
  const cut = await cause(zonePartition, run.context, await zone(1))
  expect(cut.observation.data).toMatchObject({ lost: cut.plan.nodes, ready: cut.plan.others })
  await expect(zonePartition.plan(run.context, await zone(1))).rejects.toThrow('cut off already')
  await cut.heal()
  expect(await run.leaks()).toEqual([])

  const crashed = await bench.run()
  const plan = await zonePartition.plan(crashed.context, await zone(1))
  await zonePartition.inject(crashed.context, plan)
  expect(await crashed.replayTwice()).toEqual([])
})

test.each([false, true])('a volume is detached under its pod, by force: %s', async (force) => {
  const run = await bench.run()
  const pod = await podIn(await zone(2))
  const detached = await cause(detachVolume, run.context, { pod, force })
  expect(detached.observation.data).toMatchObject({
    attachment: 'detached',
    pod: expect.stringMatching(/input\/output error|read-only file system/i),
    volumeAttachmentClaimsAttached: true,
  })
  if (force) expect(await run.replayTwice()).toEqual([])
  else await detached.heal()
  await detached.recovered()
  expect(await run.leaks()).toEqual([])
})

test.each([CONTAINERS.volume, CONTAINERS.child])(
  'the process of container %s is paused, and killed',
  async (container) => {
    const run = await bench.run()
    const pod = await podIn(await zone(0))
    const paused = await cause(pauseProcess, run.context, { pod, container })
    expect(paused.plan.pid === 1).toBe(container === CONTAINERS.volume)
    expect(paused.observation.data).toEqual({ state: 'T' })
    if (container === CONTAINERS.volume) expect(await run.replayTwice()).toEqual([])
    await paused.heal()
    const killed = await cause(killProcess, run.context, { pod, container })
    expect(killed.observation.data['seen']).toMatch(/restart|its container ended|another|none/)
    await killed.heal()
    expect(await run.leaks()).toEqual([])
  },
)

test('a zone is drained as far as a disruption budget allows', async () => {
  const run = await bench.run()
  const budget = (maxUnavailable: number) => ({
    metadata: { name: 'probe' },
    spec: { maxUnavailable, selector: { matchLabels: { app: 'probe' } } },
  })
  const { policy } = bench.cluster
  await policy.createNamespacedPodDisruptionBudget({ namespace: NAMESPACE, body: budget(0) })
  const third = await zone(2)
  const pod = await podIn(third)
  const refused = await cause(drainZone, run.context, { ...third, giveUpMs: 3000 })
  expect(refused.effect).toMatchObject({ evicted: [], refused: [{ pod }] })
  await refused.heal()
  await policy.deleteNamespacedPodDisruptionBudget({ namespace: NAMESPACE, name: 'probe' })
  const drained = await cause(drainZone, run.context, third)
  expect(drained.effect).toMatchObject({ evicted: [{ name: pod }], refused: [] })
  await drained.heal()
  expect(await run.leaks()).toEqual([])
})

test('a terminated instance is replaced by its group, in its zone, and its volume moves there', async () => {
  const run = await bench.run()
  const wish = await nodesOf(1)
  const gone = await cause(terminateInstance, run.context, wish)
  expect(Object.values(gone.observation.data['instances'] ?? {})).toEqual(['terminated'])
  expect(await run.replayTwice()).toEqual([])
  await gone.recovered()
  const now = await nodesOf(1)
  expect(now.nodes).toHaveLength(1)
  expect(now.nodes[0]?.instanceId).not.toBe(wish.nodes[0]?.instanceId)
})
