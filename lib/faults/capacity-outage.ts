import { isLaunchRefused, launchLike, type LaunchModel, launchModelOf } from '../aws/launch.ts'
import { InconclusiveError, PreflightError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { randomLetters } from '../std/ids.ts'
import { type Fault, type FaultContext, type FaultPlan, healByUndo, needAws } from './fault.ts'
import { refuseLaunches } from './zone-outage.ts'

export interface CapacityPlan extends FaultPlan {
  readonly zone: string
  /** What an attempt to launch is made with. */
  readonly model: LaunchModel
}

/** Launches in a zone answer InsufficientInstanceCapacity; what runs there goes on. */
export const capacityOutage: Fault<Zone, CapacityPlan> = {
  name: 'capacity-outage',
  plan: async (view, { name: zone, nodes }) => {
    const ec2 = await needAws(view, 'capacity-outage').ec2()
    const ids = nodes.flatMap(({ instanceId }) => instanceId ?? [])
    const [instance] = await ec2.listInstances(ids)
    const model = instance && launchModelOf(instance)
    if (!model) throw new InconclusiveError(`Zone ${zone} has no instance to launch another like.`)
    return {
      subject: `zone/${zone}`,
      text: `Let no instance be launched in zone ${zone}.`,
      touches: [`zone/${zone}`],
      zone,
      model,
    }
  },
  inject: async (context, { zone }) => {
    const changes = await refuseLaunches(context, zone)
    if (changes.length === 0) {
      throw new PreflightError('The target has no way to take the capacity of a zone away.', {
        hint: "Name the capability capacity in the scenario's needs.",
      })
    }
    return { changes }
  },
  observe: async (context, plan) => {
    const refusal = await attemptLaunch(context, plan)
    return {
      text: `A launch in zone ${plan.zone} is refused: ${refusal}`,
      data: { refusal, ...plan.model },
    }
  },
  heal: healByUndo,
  recovered: () => Promise.resolve(),
}

/** @returns what EC2 said when it refused */
async function attemptLaunch(
  context: FaultContext,
  { zone, model }: CapacityPlan,
): Promise<string> {
  const ec2 = await needAws(context, 'capacity-outage').ec2()
  const token = `zonefall-${randomLetters(16)}`
  let launched: string
  try {
    const { id } = await context.log.change(
      {
        action: `try to launch an instance in zone ${zone}`,
        undo: { kind: 'terminate-launched', token },
      },
      () => launchLike(ec2, model, token, context.labels),
    )
    launched = id
  } catch (error) {
    if (!isLaunchRefused(error)) throw error
    return error instanceof Error ? error.message : String(error)
  }
  await context.takeBack([launched])
  throw new InconclusiveError(`Zone ${zone} still has capacity: an instance was launched there.`)
}
