import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ApiError } from './api-error.ts'
import { createEc2, type Ec2 } from './create-ec2.ts'
import type { Ec2Change } from './context.ts'
import { createInMemoryBackend, type InMemoryBackend } from './testing/in-memory-backend.ts'
import { createManualClock, type ManualClock } from './testing/manual-clock.ts'
import { ZONES } from './testing/start-ec2.ts'

interface World {
  readonly ec2: Ec2
  readonly backend: InMemoryBackend
  readonly clock: ManualClock
  readonly log: string[]
  /** Changes that no document of EC2 knows. */
  readonly illegal: readonly string[]
}

/** Something that is done, with a name for counterexamples. */
interface Step {
  readonly name: string
  readonly run: (world: World) => void | Promise<void>
}

/** What may follow what, written down a second time and from the outside: EC2's own documents. */
const LEGAL: Record<string, Record<string, readonly string[]>> = {
  instance: {
    '': ['pending'],
    pending: ['running', 'stopped', 'shutting-down', 'terminated'],
    running: ['stopping', 'stopped', 'shutting-down'],
    stopping: ['stopped', 'shutting-down'],
    stopped: ['pending', 'shutting-down'],
    'shutting-down': ['terminated'],
    terminated: [],
  },
  volume: {
    '': ['creating', 'in-use'],
    creating: ['available', 'error'],
    available: ['in-use', 'deleting'],
    'in-use': ['available', 'error', 'deleted'],
    deleting: ['deleted', 'error'],
    error: ['deleting'],
    deleted: [],
  },
  attachment: {
    '': ['attached', 'detaching', 'detached'],
    attached: ['detaching'],
    detaching: ['busy', 'detached'],
    busy: ['detaching', 'detached'],
    detached: ['attached', 'detaching', 'detached'],
  },
  snapshot: {
    '': ['pending'],
    pending: ['completed', 'error', 'deleted'],
    completed: ['deleted'],
    error: ['deleted'],
    deleted: [],
  },
}

function createWorld(seed: string): World {
  const backend = createInMemoryBackend()
  const clock = createManualClock()
  const log: string[] = []
  const ec2 = createEc2({
    region: 'us-east-1',
    accountId: '123456789012',
    zones: ZONES,
    machines: backend.machines,
    blocks: backend.blocks,
    network: backend.network,
    vpc: VPC,
    seed,
    clock,
    eventLog: (line) => void log.push(line),
  })
  const illegal: string[] = []
  const states = new Map<string, string>()
  ec2.subscribe(({ kind, id, state }: Ec2Change) => {
    const key = `${kind} ${id}`
    const before = states.get(key) ?? ''
    if (LEGAL[kind]?.[before]?.includes(state) !== true) {
      illegal.push(`${key}: from ${before} to ${state}`)
    }
    states.set(key, state)
  })
  return { ec2, backend, clock, log, illegal }
}

/** Does a step that EC2 may refuse; anything but a refusal in EC2's words is a defect. */
function attempt(what: () => unknown): void {
  try {
    what()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

const nth = <T>(items: readonly T[], n: number): T | undefined => items[n % items.length]
const instanceId = ({ ec2 }: World, n: number): string =>
  nth(ec2.snapshot().instances, n)?.instanceId ?? 'i-00000000000000000'
const volumeId = ({ ec2 }: World, n: number): string =>
  nth(ec2.snapshot().volumes, n)?.volumeId ?? 'vol-00000000000000000'

const aclId = ({ ec2 }: World, n: number): string =>
  nth(aclsOf(ec2), n)?.networkAclId ?? 'acl-00000000000000000'

/** The ACLs as DescribeNetworkAcls shows them. */
const aclsOf = (ec2: Ec2) =>
  z
    .object({
      networkAclSet: z.array(
        z.object({
          networkAclId: z.string(),
          entrySet: z.array(z.object({ ruleNumber: z.int(), egress: z.boolean() })),
          associationSet: z.array(z.object({ subnetId: z.string() })),
        }),
      ),
    })
    .parse(ec2.call('DescribeNetworkAcls', {})).networkAclSet

const index = fc.nat(7)
const zone = fc.constantFrom(...ZONES.map(({ name }) => name))

/** A step that takes some drawn values. */
const step = <T>(
  name: string,
  values: fc.Arbitrary<T>,
  run: (world: World, drawn: T) => void | Promise<void>,
): fc.Arbitrary<Step> =>
  values.map((drawn) => ({
    name: `${name} ${JSON.stringify(drawn)}`,
    run: (world) => run(world, drawn),
  }))

const call = (
  action: string,
  parameters: (world: World, n: number, m: number) => Record<string, string>,
): fc.Arbitrary<Step> =>
  step(action, fc.tuple(index, index), (world, [n, m]) => {
    attempt(() => world.ec2.call(action, parameters(world, n, m)))
  })

const DEVICES = ['/dev/xvdaa', '/dev/sdf', '/dev/xvdf', '/dev/xvdab']
const VPC = { id: 'vpc-0123456789abcdef0', cidr: '10.0.0.0/16' }
const FAILING = ['launch', 'powerOn', 'shutDown', 'create', 'remove', 'plug', 'unplug'] as const
const DATA_VOLUME = {
  'BlockDeviceMapping.1.DeviceName': '/dev/sdf',
  'BlockDeviceMapping.1.Ebs.VolumeSize': '1',
  'BlockDeviceMapping.1.Ebs.DeleteOnTermination': 'true',
}

const advance = step('advance', fc.integer({ min: 0, max: 2000 }), ({ clock }, ms) =>
  clock.advance(ms),
)

const launch = step(
  'RunInstances',
  fc.tuple(zone, fc.constantFrom('t3.medium', 't2.medium'), fc.boolean()),
  ({ ec2 }, [name, type, withData]) => {
    const place = { 'Placement.AvailabilityZone': name, MinCount: '1', MaxCount: '1' }
    const what = { ImageId: 'ami-1', InstanceType: type, ...(withData && DATA_VOLUME) }
    attempt(() => ec2.call('RunInstances', { ...place, ...what }))
  },
)

const createVolume = step('CreateVolume', zone, ({ ec2 }, name) => {
  attempt(() => ec2.call('CreateVolume', { AvailabilityZone: name, Size: '1' }))
})

const attachVolume = call('AttachVolume', (world, n, m) => ({
  VolumeId: volumeId(world, n),
  InstanceId: instanceId(world, m),
  Device: nth(DEVICES, n + m) ?? '',
}))

const detachVolume = call('DetachVolume', (world, n, m) => ({
  VolumeId: volumeId(world, n),
  Force: String(m % 3 === 0),
}))

const crash = step('crash', index, (world, n) => {
  const id = instanceId(world, n)
  if (world.backend.power.get(id) !== 'on') return
  world.backend.crash(id)
  world.ec2.machineStopped(id)
})

const mount = step('mount', index, (world, n) => {
  const id = volumeId(world, n)
  const plug = world.backend.disks.get(id)?.plug?.split(' ')[0] ?? ''
  if (world.backend.power.get(plug) === 'on') world.backend.mounted.add(id)
})

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: advance },
  { weight: 2, arbitrary: launch },
  { weight: 3, arbitrary: createVolume },
  { weight: 6, arbitrary: attachVolume },
  { weight: 4, arbitrary: detachVolume },
  { weight: 2, arbitrary: mount },
  crash,
  step('unmount', index, (world, n) => void world.backend.mounted.delete(volumeId(world, n))),
  step('fail', fc.constantFrom(...FAILING), ({ backend }, name) => {
    backend.failNext(name)
  }),
  call('DeleteVolume', (world, n) => ({ VolumeId: volumeId(world, n) })),
  call('ModifyVolume', (world, n, m) => ({ VolumeId: volumeId(world, n), Size: String(m + 1) })),
  call('CreateSnapshot', (world, n) => ({ VolumeId: volumeId(world, n) })),
  call('CreateNetworkAcl', () => ({ VpcId: VPC.id })),
  call('DeleteNetworkAcl', (world, n) => ({ NetworkAclId: aclId(world, n) })),
  call('CreateNetworkAclEntry', (world, n, m) => ({
    NetworkAclId: aclId(world, n),
    RuleNumber: String(m),
    Egress: String(m % 2 === 0),
    Protocol: '-1',
    RuleAction: 'deny',
    CidrBlock: '10.0.0.0/16',
  })),
  call('ReplaceNetworkAclAssociation', (world, n, m) => ({
    AssociationId: nth(world.ec2.snapshot().subnets, n)?.networkAclAssociationId ?? '',
    NetworkAclId: aclId(world, m),
  })),
  call('StartInstances', (world, n) => ({ 'InstanceId.1': instanceId(world, n) })),
  call('StopInstances', (world, n, m) => ({
    'InstanceId.1': instanceId(world, n),
    SkipOsShutdown: String(m % 2 === 0),
  })),
  call('RebootInstances', (world, n) => ({ 'InstanceId.1': instanceId(world, n) })),
  call('TerminateInstances', (world, n) => ({ 'InstanceId.1': instanceId(world, n) })),
)

/** What is wrong at this moment; nothing, whatever was done. */
function problems({ ec2, backend, log, illegal }: World): readonly string[] {
  const found = [...illegal, ...backend.violations]
  found.push(...log.filter((line) => /can't go|defect|TypeError/.test(line)))
  const must = (holds: boolean, words: string): void => {
    if (!holds) found.push(words)
  }
  const { instances, volumes } = ec2.snapshot()
  const places = new Set<string>()
  for (const { volumeId: id, attachment, state, root, zone } of volumes) {
    must((state === 'in-use') === (attachment !== undefined), `${id} is ${state}`)
    const plug = backend.disks.get(id)?.plug
    must(state !== 'available' || plug === undefined, `${id} is available, but plugged in`)
    if (attachment === undefined) continue
    const instance = instances.find((one) => one.instanceId === attachment.instanceId)
    must(instance?.zone === zone, `${id} is attached across zones`)
    must(instance?.state !== 'terminated', `${id} is attached to a terminated instance`)
    const place = `${attachment.instanceId} ${attachment.device.replace(/^\/dev\/(sd|xvd)/, '')}`
    must(!places.has(place), `two volumes are at ${place}`)
    places.add(place)
    const plugged = plug === `${attachment.instanceId} ${attachment.device}`
    must(root || attachment.state !== 'attached' || plugged, `${id} is attached, not plugged in`)
  }
  const associated = aclsOf(ec2).flatMap(({ associationSet }) => associationSet)
  const subnetIds = associated.map(({ subnetId }) => subnetId).toSorted()
  must(
    subnetIds.join() === ZONES.map(({ subnetId }) => subnetId).join(),
    'a subnet has not one ACL',
  )
  for (const { instanceId: id, state, rebooting } of instances) {
    const roots = volumes.filter((one) => one.root && one.attachment?.instanceId === id).length
    must(roots === (state === 'terminated' ? 0 : 1), `${id} is ${state} with ${roots} root disks`)
    const power = backend.power.get(id)
    must(state !== 'running' || rebooting || power === 'on', `${id} is running, but off`)
    must(state !== 'stopped' || power !== 'on', `${id} is stopped, but on`)
    must(state !== 'terminated' || power === undefined, `${id} is terminated, but there`)
  }
  return found
}

/** Where packets obey other rules than the API shows, when all changes have had their time. */
const disobeyed = ({ ec2, backend }: World): readonly string[] =>
  aclsOf(ec2).flatMap(({ entrySet, associationSet }) => {
    const shown = (egress: boolean) =>
      entrySet.filter((entry) => entry.egress === egress && entry.ruleNumber < 32_767).length
    return associationSet.flatMap(({ subnetId }) => {
      const acl = backend.acls.get(subnetId)
      if (acl === undefined && backend.acls.size === 0) return []
      const same = acl?.ingress.length === shown(false) && acl.egress.length === shown(true)
      return same ? [] : [subnetId]
    })
  })

/** What is in a state that should have passed by itself. */
function halfDone({ ec2 }: World): readonly string[] {
  const { instances, volumes, snapshots } = ec2.snapshot()
  const settled = [
    'running',
    'stopped',
    'terminated',
    'available',
    'in-use',
    'error',
    'completed',
    'attached',
  ]
  const states = [
    ...[...instances, ...volumes, ...snapshots].map(({ state }) => state),
    ...volumes.map(({ attachment }) => attachment?.state ?? 'attached'),
  ]
  return states.filter((state) => !settled.includes(state))
}

describe('whatever is asked of EC2', () => {
  it('no illegal state is reached, and nothing stays half done', async () => {
    const run = fc.asyncProperty(
      fc.array(anyStep, { minLength: 10, maxLength: 60 }),
      fc.string(),
      async (steps, seed) => {
        const world = createWorld(seed)
        for (const one of steps) {
          await one.run(world)
          expect(problems(world)).toEqual([])
        }
        world.backend.mounted.clear()
        await world.clock.advance(600_000)
        expect(problems(world)).toEqual([])
        expect(halfDone(world)).toEqual([])
        expect(disobeyed(world)).toEqual([])
        await world.ec2.close()
      },
    )
    await fc.assert(run, { numRuns: 300 })
  }, 120_000)

  it('the same seed gives the same ids and times', async () => {
    const history = async (seed: string): Promise<readonly string[]> => {
      const { ec2, clock, log } = createWorld(seed)
      ec2.runInstances({ imageId: 'ami-1', instanceType: 't3.medium', zone: 'us-east-1a' })
      ec2.call('CreateVolume', { AvailabilityZone: 'us-east-1a', Size: '1' })
      for (let tick = 0; tick < 50; tick++) {
        await clock.advance(20)
        log.push(`${tick}`)
      }
      return log
    }
    expect(await history('one')).toEqual(await history('one'))
    expect(await history('one')).not.toEqual(await history('two'))
  })
})
