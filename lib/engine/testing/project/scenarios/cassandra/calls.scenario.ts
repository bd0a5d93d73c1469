import { AgentFleet } from '../../../../../agent/remote/fleet.ts'
import { Aws } from '../../../../../aws/aws.ts'
import { cause } from '../../../../../faults/active-fault.ts'
import { capacityOutage } from '../../../../../faults/capacity-outage.ts'
import { cordonZone } from '../../../../../faults/cordon-zone.ts'
import { deletePod } from '../../../../../faults/delete-pod.ts'
import { detachVolume } from '../../../../../faults/detach-volume.ts'
import { drainZone } from '../../../../../faults/drain-zone.ts'
import type { FaultContext } from '../../../../../faults/fault.ts'
import { killProcess } from '../../../../../faults/kill-process.ts'
import { zoneOutage } from '../../../../../faults/zone-outage.ts'
import { zonePartition } from '../../../../../faults/zone-partition.ts'
import type { Zone } from '../../../../../model/target.ts'
import { availabilitySchedules } from '../../../../../workloads/availability.ts'
import type { ScenarioControl } from '../../../../conduct.ts'
import { faultContextOf } from '../../../../fault-context.ts'
import { nodesOf } from '../../../probe-zones.ts'
import { callsReady, deployCalls } from '../../deploy-calls.ts'
import { demo } from '../../demo.ts'

/** Makes calls of every kind that a run can make, for a test to compare them with its plan. */
demo(
  import.meta.url,
  'calls of every kind are made',
  {
    tags: ['calls'],
    faults: [
      'cordon-zone',
      'drain-zone',
      'kill-process',
      'detach-volume',
      'zone-outage',
      'zone-partition',
      'capacity-outage',
    ],
  },
  async (control) => {
    const { run } = control
    const [one, two, three] = run.target.zones
    if (!one || !two || !three || !run.target.aws) throw new Error('needs a lab of three zones')
    const aws = new Aws(run.target.aws)
    const context = faultContextOf(run, run.target.namespace, aws)
    try {
      await deployCalls(control)
      await useClients(control, context)
      await inPods(context, [one, two, three])
      await callsReady(context)
      await ofMachines(context, [one, two, three])
    } finally {
      await aws.close()
    }
    control.evidence({ check: 'calls', verdict: 'true', summary: 'all faults came and went' })
  },
)

/** The same as far as Kubernetes goes, in pods that the strictest policy takes. */
demo(
  import.meta.url,
  'a zone is closed without EC2',
  { tags: ['shared'], faults: ['cordon-zone', 'delete-pod'] },
  async (control) => {
    const { run } = control
    const [one, two] = run.target.zones
    if (!one || !two) throw new Error('needs zones')
    const context = faultContextOf(run, run.target.namespace, undefined)
    await deployCalls(control)
    await useClients(control, context)
    const cordoned = await cause(cordonZone, context, one)
    const deleted = await cause(deletePod, context, { pod: await podOf(context, two) })
    await cordoned.heal()
    await deleted.heal()
    await callsReady(context)
    control.evidence({ check: 'closed', verdict: 'true', summary: 'a zone was closed' })
  },
)

/** Agents without a database: they are installed and loaded, and nothing is started. */
async function useClients({ run }: ScenarioControl, context: FaultContext): Promise<void> {
  using fleet = await AgentFleet.install({
    ...context,
    zones: run.target.zones,
    runNowNs: () => Math.round(performance.now() * 1e6),
  })
  const schedules = availabilitySchedules({
    seed: 'calls',
    clients: fleet.agents.map(({ zone }) => ({ process: zone, zone })),
    durationMs: 1000,
    ratePerSecond: 1,
  })
  await fleet.load(schedules, {
    system: 'cassandra',
    contactPoints: ['nobody.default.svc.cluster.local'],
    port: 9042,
    datacenter: 'none',
    consistency: 'QUORUM',
  })
}

type Zones = readonly [Zone, Zone, Zone]

async function inPods(context: FaultContext, [one, two, three]: Zones): Promise<void> {
  const pods = await Promise.all([podOf(context, two), podOf(context, three)])
  const drainAfterCordon = async () => {
    const cordoned = await cause(cordonZone, context, one)
    await cordoned.heal()
    const drained = await cause(drainZone, context, one)
    await drained.heal()
  }
  const kill = async () => {
    const killed = await cause(killProcess, context, { pod: pods[0] })
    await killed.heal()
  }
  const detach = async () => {
    const detached = await cause(detachVolume, context, { pod: pods[1], force: false })
    await detached.heal()
  }
  await Promise.all([drainAfterCordon(), kill(), detach()])
}

async function ofMachines(context: FaultContext, [one, two, three]: Zones): Promise<void> {
  // First: it sees to it that no node elsewhere is lost.
  const partition = await cause(zonePartition, context, two)
  const [outage, without] = await Promise.all([
    cause(zoneOutage, context, nodesOf(one)),
    cause(capacityOutage, context, three),
  ])
  await Promise.all([outage.heal(), partition.heal(), without.heal()])
}

/** The database's pod of a zone: there is a client's as well. */
async function podOf({ cluster, namespace }: FaultContext, { nodes }: Zone): Promise<string> {
  const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector: 'app=calls' })
  const pod = items.find(({ spec }) => nodes.some(({ name }) => name === spec?.nodeName))
  return pod?.metadata?.name ?? ''
}
