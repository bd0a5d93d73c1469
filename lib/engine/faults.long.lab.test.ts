import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { REPLACING_PROCESSES, suspendedProcesses } from '../aws/auto-scaling.ts'
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
import { CONTAINERS, deployProbeSet, NAMESPACE, probeSetReady } from './testing/probe-set.ts'
import * as probeZones from './testing/probe-zones.ts'

/**
 * Every fault once: planned, injected, seen to take effect from another source, and taken back; and
 * every kind of undo once by a process that knows nothing but the journal.
 */
let bench: FaultBench

beforeAll(async () => {
  bench = await FaultBench.start('faults-test')
  await deployProbeSet(bench.cluster)
})
afterEach(async () => {
  await bench.heal()
  await probeSetReady(bench.cluster)
})
afterAll(() => bench[Symbol.asyncDispose]())

async function zone(index: number): Promise<Zone> {
  const found = (await bench.zones())[index]
  if (!found) throw new Error(`the lab has no zone ${index}`)
  return found
}

async function nodesOf(...indices: readonly number[]): Promise<InstanceWish> {
  return probeZones.nodesOf(...(await Promise.all(indices.map((index) => zone(index)))))
}

async function podIn(where: Pick<Zone, 'nodes'>): Promise<string> {
  return probeZones.podIn({ cluster: bench.cluster, namespace: NAMESPACE }, where)
}

test('stopped, an outage without capacity, and rebooted: a zone each, at the same time', async () => {
  const run = await bench.run()
  const { context } = run
  const outOfCapacity = async () => {
    const outage = await cause(zoneOutage, context, await nodesOf(1))
    return { outage, without: await cause(capacityOutage, context, await zone(1)) }
  }
  const [stopped, { outage, without }, rebooted] = await Promise.all([
    cause(stopInstance, context, await nodesOf(0)),
    outOfCapacity(),
    cause(rebootInstance, context, await nodesOf(2)),
  ])
  expect(Object.values(stopped.observation.data['instances'] ?? {})).toEqual(['stopped'])
  // Nobody was left to report an end.
  expect(Object.values(outage.observation.data['pods'] ?? {})).toEqual([
    'Running, child running, volume running',
  ])
  expect(without.observation.data['refusal']).toMatch(/sufficient t3.medium capacity/)
  expect(rebooted.observation.text).toMatch(/booted anew/)
  expect(await run.differences()).toContain('Capacity us-east-1b is left (none).')
  await Promise.all([stopped.heal(), outage.heal(), without.heal(), rebooted.heal()])
  expect(await run.leaks()).toEqual([])
})

test('two zones cut off at once, a node of them out of service: replayed from the journal', async () => {
  const run = await bench.run()
  const wish = await nodesOf(0, 1)
  const outage = await cause(twoZoneOutage, run.context, wish)
  expect(outage.plan.zones).toEqual(['us-east-1a', 'us-east-1b'])
  const groups = await (await bench.aws.autoScaling()).listGroups()
  expect(groups.map((group) => suspendedProcesses(group))).toEqual([
    [...REPLACING_PROCESSES].toSorted(),
  ])
  const node = wish.nodes[0]?.name ?? ''
  const collected = await cause(outOfService, run.context, { node })
  expect(collected.observation.text).toMatch(/given up/)
  const kinds = run.run.journal.pending().map(({ undo }) => undo.kind)
  expect(new Set(kinds)).toEqual(
    new Set(['remove-taint', 'restore-capacity', 'start-instances', 'resume-processes']),
  )
  expect(await run.replayTwice()).toEqual([])
  await outage.recovered()
})

test('a zone cut off the network is lost, and no other; its neighbour without power is its own', async () => {
  const run = await bench.run()
  const cut = await cause(zonePartition, run.context, await zone(1))
  expect(cut.observation.data).toMatchObject({ lost: cut.plan.nodes, ready: cut.plan.others })
  await expect(zonePartition.plan(run.context, await zone(1))).rejects.toThrow('cut off already')
  const dark = await cause(powerCut, run.context, await nodesOf(0))
  await Promise.all([cut.heal(), dark.heal()])
  expect(await run.leaks()).toEqual([])
})

test('a volume is detached under one pod while processes of others are paused and killed', async () => {
  const run = await bench.run()
  const { context } = run
  const detach = async () => {
    const pod = await podIn(await zone(2))
    const detached = await cause(detachVolume, context, { pod, force: false })
    expect(detached.observation.data).toMatchObject({
      attachment: 'detached',
      pod: expect.stringMatching(/input\/output error|read-only file system/i),
      volumeAttachmentClaimsAttached: true,
    })
    await detached.heal()
  }
  const signal = async (index: number, container: string) => {
    const pod = await podIn(await zone(index))
    const paused = await cause(pauseProcess, context, { pod, container })
    expect(paused.plan.pid === 1).toBe(container === CONTAINERS.volume)
    expect(paused.observation.data).toEqual({ state: 'T' })
    await paused.heal()
    const killed = await cause(killProcess, context, { pod, container })
    expect(killed.observation.data['seen']).toMatch(/restart|its container ended|another|none/)
    await killed.heal()
  }
  await Promise.all([detach(), signal(0, CONTAINERS.volume), signal(1, CONTAINERS.child)])
  expect(await run.leaks()).toEqual([])
})

test('a crash leaves a zone cut off, a volume torn out and a process paused: replayed', async () => {
  const run = await bench.run()
  const { context } = run
  const wishes = { pod: await podIn(await zone(2)), container: CONTAINERS.volume }
  await cause(pauseProcess, context, { ...wishes, pod: await podIn(await zone(0)) })
  const torn = await cause(detachVolume, context, { pod: wishes.pod, force: true })
  const plan = await zonePartition.plan(context, await zone(1))
  await zonePartition.inject(context, plan)
  const kinds = run.run.journal.pending().map(({ undo }) => undo.kind)
  expect(kinds).toEqual([
    'restore-acl-association',
    'delete-acl',
    'remount-volume',
    'continue-process',
  ])
  expect(await run.replayTwice()).toEqual([])
  await torn.recovered()
})

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
  await letGoOf(await podIn(wish), wish.nodes[0]?.name ?? '')
  await gone.recovered()
  expect(await run.replayTwice()).toEqual([])
  const now = await nodesOf(1)
  expect(now.nodes).toHaveLength(1)
  expect(now.nodes[0]?.instanceId).not.toBe(wish.nodes[0]?.instanceId)
})

/** What takes the controllers eight minutes, by hand: the collection and the force detach. */
async function letGoOf(name: string, node: string): Promise<void> {
  const { core, storage } = bench.cluster
  await core.deleteNamespacedPod({ namespace: NAMESPACE, name, gracePeriodSeconds: 0 })
  const { items } = await storage.listVolumeAttachment()
  for (const { metadata, spec } of items) {
    if (spec.nodeName === node) await storage.deleteVolumeAttachment({ name: metadata?.name ?? '' })
  }
}
