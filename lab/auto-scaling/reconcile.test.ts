import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ApiError } from '../ec2/api-error.ts'
import { createEc2 } from '../ec2/create-ec2.ts'
import { createInMemoryBackend } from '../ec2/testing/in-memory-backend.ts'
import { createManualClock } from '../ec2/testing/manual-clock.ts'
import { ZONES } from '../ec2/testing/start-ec2.ts'
import { createAutoScaling } from './create-auto-scaling.ts'
import { PROCESSES } from './processes.ts'
import { groupOptions } from './testing/start-scaling.ts'

const ZONE_NAMES = ZONES.map(({ name }) => name)

function createWorld(seed: string) {
  const backend = createInMemoryBackend()
  const clock = createManualClock()
  const account = { region: 'us-east-1', accountId: '123456789012', seed, clock }
  const log: string[] = []
  const eventLog = (line: string) => void log.push(line)
  const { machines, blocks, network } = backend
  const ec2 = createEc2({ ...account, zones: ZONES, machines, blocks, network })
  const scaling = createAutoScaling({ ...account, ec2, eventLog })
  const AutoScalingGroupName = scaling.createGroup(groupOptions())
  const caller = { accessKeyId: 'AKIDTEST', authorize: () => 'allowed' as const }
  return {
    backend,
    clock,
    ec2,
    scaling,
    log,
    groupName: AutoScalingGroupName,
    /** A call of Auto Scaling's API, which may refuse; nothing else may go wrong. */
    scale(action: string, parameters: Record<string, string>): void {
      const form = new Map(Object.entries(parameters))
      attempt(() => scaling.service.perform(caller, action, form))
    },
    /** The `n`th instance that EC2 lists, also one that is gone. */
    instance(n: number): string {
      const { instances } = ec2.snapshot()
      return instances[n % instances.length]?.instanceId ?? 'i-00000000000000000'
    },
    group() {
      const [group] = scaling.snapshot()
      if (group === undefined) throw new Error('There is no group.')
      return group
    },
  }
}
type World = ReturnType<typeof createWorld>

function attempt(what: () => unknown): void {
  try {
    what()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

/** A step that takes some drawn values, with a name for counterexamples. */
const step = <T>(
  name: string,
  values: fc.Arbitrary<T>,
  run: (world: World, drawn: T) => void | Promise<void>,
) =>
  values.map((drawn) => ({
    run: (world: World) => run(world, drawn),
    toString: () => `${name} ${JSON.stringify(drawn)}`,
  }))

const any = fc.nat(9)
const process = fc.constantFrom(...PROCESSES)
const named = ({ groupName }: World, one: string) => ({
  AutoScalingGroupName: groupName,
  'ScalingProcesses.member.1': one,
})
const ec2Call = (action: string) =>
  step(action, any, (world, n) =>
    attempt(() => world.ec2.call(action, { 'InstanceId.1': world.instance(n) })),
  )

const anyStep = fc.oneof(
  ec2Call('StopInstances'),
  ec2Call('StartInstances'),
  ec2Call('TerminateInstances'),
  ec2Call('RebootInstances'),
  step('crash', any, (world, n) => {
    const id = world.instance(n)
    if (world.backend.power.get(id) !== 'on') return
    world.backend.crash(id)
    world.ec2.machineStopped(id)
  }),
  step('fail a launch', fc.constant(0), ({ backend }) => backend.failNext('launch')),
  step('suspend', process, (world, one) => world.scale('SuspendProcesses', named(world, one))),
  step('resume', process, (world, one) => world.scale('ResumeProcesses', named(world, one))),
  step('capacity', fc.tuple(fc.constantFrom(...ZONE_NAMES), fc.boolean()), ({ ec2 }, [zone, has]) =>
    ec2.setCapacity(zone, has),
  ),
  step('desire', fc.integer({ min: 0, max: 7 }), (world, size) =>
    world.scale('SetDesiredCapacity', {
      AutoScalingGroupName: world.groupName,
      DesiredCapacity: String(size),
    }),
  ),
  step('health', fc.tuple(any, fc.constantFrom('Healthy', 'Unhealthy')), (world, [n, health]) =>
    world.scale('SetInstanceHealth', { InstanceId: world.instance(n), HealthStatus: health }),
  ),
  step('terminate in group', fc.tuple(any, fc.boolean()), (world, [n, decrement]) =>
    world.scale('TerminateInstanceInAutoScalingGroup', {
      InstanceId: world.instance(n),
      ShouldDecrementDesiredCapacity: String(decrement),
    }),
  ),
  step('detach', fc.tuple(any, fc.boolean()), (world, [n, decrement]) =>
    world.scale('DetachInstances', {
      AutoScalingGroupName: world.groupName,
      'InstanceIds.member.1': world.instance(n),
      ShouldDecrementDesiredCapacity: String(decrement),
    }),
  ),
  step('attach', any, (world, n) =>
    world.scale('AttachInstances', {
      AutoScalingGroupName: world.groupName,
      'InstanceIds.member.1': world.instance(n),
    }),
  ),
  step('wait', fc.integer({ min: 1, max: 5000 }), ({ clock }, ms) => clock.advance(ms)),
  step('wait long', fc.integer({ min: 5000, max: 30_000 }), ({ clock }, ms) => clock.advance(ms)),
)

/** What must hold at any moment; one sentence for each thing that doesn't. */
function problems(world: World): readonly string[] {
  const { ec2, backend, log, groupName } = world
  const { members, desired } = world.group()
  const ids = new Set(members.map(({ instanceId }) => instanceId))
  const strays = ec2
    .snapshot()
    .instances.filter(({ tags }) => tags['aws:autoscaling:groupName'] === groupName)
    .filter(({ instanceId, state }) => state !== 'terminated' && !ids.has(instanceId))
  return [
    ...backend.violations,
    ...log.filter((line) => line.includes('failed:')),
    ...strays.map(({ instanceId }) => `${instanceId} has the group's tag and is not in it`),
    ...(desired < 1 || desired > 6 ? [`${desired} are desired`] : []),
    ...(ids.size > 40 ? [`there are ${ids.size} instances`] : []),
  ]
}

it('whatever happens to a group, it comes to its desired capacity, healthy and balanced', async () => {
  const run = fc.asyncProperty(
    fc.array(anyStep, { minLength: 5, maxLength: 50 }),
    fc.string(),
    async (steps, seed) => {
      const world = createWorld(seed)
      for (const one of steps) {
        await one.run(world)
        expect(problems(world)).toEqual([])
      }
      world.scale('ResumeProcesses', { AutoScalingGroupName: world.groupName })
      for (const zone of ZONE_NAMES) world.ec2.setCapacity(zone, true)
      await world.clock.advance(600_000)

      expect(problems(world)).toEqual([])
      const { members, desired, inService } = world.group()
      expect(inService).toBe(desired)
      const { instances } = world.ec2.snapshot()
      const found = members.map(({ instanceId, health, lifecycle }) => {
        const state = instances.find((one) => one.instanceId === instanceId)?.state
        return `${lifecycle} ${health} ${state}`
      })
      expect(found).toEqual(members.map(() => 'InService Healthy running'))
      const sizes = ZONE_NAMES.map((zone) => members.filter((one) => one.zone === zone).length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      await Promise.all([world.scaling.close(), world.ec2.close()])
    },
  )
  await fc.assert(run, { numRuns: 150 })
}, 120_000)
