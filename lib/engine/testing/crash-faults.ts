import { cause } from '../../faults/active-fault.ts'
import { capacityOutage } from '../../faults/capacity-outage.ts'
import { cordonZone } from '../../faults/cordon-zone.ts'
import { deletePod } from '../../faults/delete-pod.ts'
import { detachVolume } from '../../faults/detach-volume.ts'
import { drainZone } from '../../faults/drain-zone.ts'
import type { Fault, FaultContext, FaultEffect, FaultPlan } from '../../faults/fault.ts'
import { killProcess } from '../../faults/kill-process.ts'
import { outOfService } from '../../faults/out-of-service.ts'
import { pauseProcess } from '../../faults/pause-process.ts'
import { powerCut } from '../../faults/power-cut.ts'
import { rebootInstance } from '../../faults/reboot-instance.ts'
import { stopInstance } from '../../faults/stop-instance.ts'
import { terminateInstance } from '../../faults/terminate-instance.ts'
import { twoZoneOutage } from '../../faults/two-zone-outage.ts'
import { zoneOutage } from '../../faults/zone-outage.ts'
import { zonePartition } from '../../faults/zone-partition.ts'
import type { FaultName } from '../../model/scenario.ts'
import type { Zone } from '../../model/target.ts'
import { everyKind } from './crash-every-kind.ts'
import type { CrashSite } from './crash-site.ts'
import { CONTAINERS } from './probe-set.ts'
import { nodesOf, podIn } from './probe-zones.ts'

/** Not one fault, but one for each kind of undo, all at once. */
export const EVERY_KIND = 'every-kind'

export type CrashFaultName = FaultName | 'detach-volume-by-force' | typeof EVERY_KIND

/** Every fault from its plan to its recovery, as a scenario would go through it. */
export const CRASH_FAULTS: Readonly<Record<CrashFaultName, (site: CrashSite) => Promise<void>>> = {
  'cordon-zone': through(cordonZone, ({ zones: [zone] }) => zone),
  'drain-zone': through(drainZone, ({ zones: [zone] }) => zone),
  'delete-pod': through(deletePod, async ({ context, zones: [zone] }) => ({
    pod: await podIn(context, zone),
  })),
  'kill-process': through(killProcess, ({ context, zones: [zone] }) => processIn(context, zone)),
  'pause-process': through(pauseProcess, ({ context, zones: [zone] }) => processIn(context, zone)),
  'stop-instance': through(stopInstance, ({ zones: [zone] }) => nodesOf(zone)),
  'power-cut': through(powerCut, ({ zones: [zone] }) => nodesOf(zone)),
  'terminate-instance': through(terminateInstance, ({ zones: [zone] }) => nodesOf(zone)),
  'reboot-instance': through(rebootInstance, ({ zones: [zone] }) => nodesOf(zone)),
  'detach-volume': through(detachVolume, async ({ context, zones: [zone] }) => ({
    pod: await podIn(context, zone),
    force: false,
  })),
  'detach-volume-by-force': through(detachVolume, async ({ context, zones: [zone] }) => ({
    pod: await podIn(context, zone),
    force: true,
  })),
  'zone-outage': through(zoneOutage, ({ zones: [zone] }) => nodesOf(zone)),
  'two-zone-outage': through(twoZoneOutage, ({ zones: [one, two] }) => nodesOf(one, two)),
  'zone-partition': through(zonePartition, ({ zones: [zone] }) => zone),
  'capacity-outage': through(capacityOutage, ({ zones: [zone] }) => zone),
  'out-of-service': async ({ context, zones: [zone], observed }) => {
    const outage = await cause(powerCut, context, nodesOf(zone))
    const collected = await cause(outOfService, context, { node: zone.nodes[0]?.name ?? '' })
    observed()
    await collected.heal()
    await outage.heal()
  },
  [EVERY_KIND]: everyKind,
}

function through<Wish, Plan extends FaultPlan, Effect extends FaultEffect>(
  fault: Fault<Wish, Plan, Effect>,
  wish: (site: CrashSite) => Wish | Promise<Wish>,
): (site: CrashSite) => Promise<void> {
  return async (site) => {
    const active = await cause(fault, site.context, await wish(site))
    site.observed()
    await active.heal()
  }
}

/** The container's PID 1: its node has to send the signal, by a pod that is journaled too. */
async function processIn(context: FaultContext, zone: Zone) {
  return { pod: await podIn(context, zone), container: CONTAINERS.volume }
}
