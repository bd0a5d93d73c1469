import type { RequestListener } from 'node:http'
import { z } from 'zod'
import type { BlockStore, Machines, Network } from './backend.ts'
import { Background } from './background.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Ec2Change, Ec2Context } from './context.ts'
import { type EventualOptions, History } from './history.ts'
import { IdempotencyTable } from './idempotency.ts'
import type { Image } from './instances/image.ts'
import { findInstance, type InstanceStateName } from './instances/instance.ts'
import { machineWentOff } from './instances/instance-lifecycle.ts'
import { createLatency, DEFAULT_LATENCY_MS, type LatencyTable } from './latency.ts'
import { createListener } from './listener.ts'
import { createManagedInterface } from './network-interfaces/network-interface.ts'
import { associate, createAcl } from './network-acls/network-acl.ts'
import {
  type ControlPlaneOptions,
  createSubnet,
  type Subnet,
  type ZoneOptions,
} from './network/vpc.ts'
import { createEc2Service } from './ec2-service.ts'
import { perform } from './perform.ts'
import { createRequestLimit, type RequestLimitOptions } from './request-limit.ts'
import { type RunInstancesRequest, runInstancesForm } from './run-instances-form.ts'
import { randomHex, seededRandom } from './seeded-random.ts'
import { type Ec2Status, statusOf } from './status.ts'
import { waitForState } from './wait-for-state.ts'
import type { Authorize } from '../iam/access.ts'
import { createSts } from '../sts/sts-service.ts'
import type { Service } from './wire/rest-service.ts'
import type { Credential } from './wire/signature.ts'
import type { XmlObject } from './wire/xml.ts'

export interface Ec2Options {
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  readonly zones: readonly ZoneOptions[]
  readonly machines: Machines
  readonly blocks: BlockStore
  readonly network: Network
  /** Ids and latencies come out of it. */
  readonly seed: string
  /** EKS's own interfaces in the VPC; by default there are none. */
  readonly controlPlane?: ControlPlaneOptions
  /** In place of entries of `DEFAULT_LATENCY_MS`. */
  readonly latencyMs?: Partial<LatencyTable>
  /** Default: an id out of the seed, and 10.0.0.0/16. */
  readonly vpc?: { readonly id: string; readonly cidr: string }
  /** Images that exist; by default every well-formed id does. */
  readonly images?: readonly Image[]
  /** One line for each call, each change of a state, and each failure beneath; without a time. */
  readonly eventLog?: (line: string) => void
  /** Who may sign requests (AuthFailure for others); by default nobody is asked. */
  readonly credentials?: readonly Credential[]
  /** What IAM says to a request; by default everybody may do everything. */
  readonly authorize?: Authorize
  /** RequestLimitExceeded beyond it; by default there is none. */
  readonly requestLimit?: RequestLimitOptions
  /** Answers over HTTP may be behind, as EC2's are; by default they never are. */
  readonly eventual?: EventualOptions
  readonly clock?: Clock
}

export interface Ec2 {
  /** For node:http's createServer. Serves EC2, STS, and what `addService` adds. */
  readonly listener: RequestListener
  /** Serves another of AWS's services to the requests that are signed for it. */
  addService(service: Service): void
  /** Launches instances as RunInstances does; they are `pending`. Throws ApiError. */
  runInstances(request: RunInstancesRequest): readonly { readonly instanceId: string }[]
  /** Launches one instance and resolves when it is `running`; after `timeoutMs` it rejects. */
  launch(request: RunInstancesRequest, timeoutMs?: number): Promise<{ readonly instanceId: string }>
  /**
   * Any action, by EC2's names: `call('StopInstances', { 'InstanceId.1': id })`. One whose answer
   * waits for what it began (a snapshot) is begun, and answers nothing here. Throws ApiError.
   */
  call(action: string, parameters: Readonly<Record<string, string>>): XmlObject
  /**
   * Sets tags of an instance as one of AWS's own services does, whose keys begin with `aws:`; an
   * undefined value takes the tag away. Throws ApiError when there is no such instance.
   */
  setServiceTags(instanceId: string, tags: Readonly<Record<string, string | undefined>>): void
  /** Says that a machine went off by itself: its OS shut down, or it crashed. Never throws. */
  machineStopped(instanceId: string): void
  /** Launches and starts in a zone fail with InsufficientInstanceCapacity while `has` is false. */
  setCapacity(zone: string, has: boolean): void
  /** Calls `listener` with every change from now on; call the result to stop that. */
  subscribe(listener: (change: Ec2Change) => void): () => void
  /** Resolves when the instance is in that state; rejects after `timeoutMs`, or when it is gone. */
  instanceReached(instanceId: string, state: InstanceStateName, timeoutMs: number): Promise<void>
  /** What there is, as plain data; it doesn't change afterwards. */
  snapshot(): Ec2Status
  /** Refuses further requests, ends all that is in progress. The machines are left as they are. */
  close(): Promise<void>
}

/** A machine boots in a few seconds, unless the host is very busy. */
const LAUNCH_LIMIT_MS = 120_000
/** What is still at work in the machines or disks gets this long when the API closes. */
const CLOSE_LIMIT_MS = 10_000

const launched = z.object({ instancesSet: z.array(z.object({ instanceId: z.string() })) })

/** An account in one region, with nothing in it but its network. */
export function createEc2(options: Ec2Options): Ec2 {
  const { context, subscribe } = createContext(options)
  const authorize = options.authorize ?? (() => 'allowed')
  // What the lab does itself is not subject to anybody's policy.
  const lab = { accessKeyId: 'lab', authorize: () => 'allowed' as const }
  const history =
    options.eventual && new History(context, options.eventual, seededRandom(`${options.seed}/lag`))
  subscribe(() => history?.note())
  const call: Ec2['call'] = (action, parameters) => {
    const result = perform(context, lab, action, new Map(Object.entries(parameters)))
    history?.note()
    return result instanceof Promise ? {} : result
  }
  const service = createEc2Service(context, history)
  const services = new Map<string, Service>()
  const addService: Ec2['addService'] = (one) => void services.set(one.name, one)
  for (const one of [service, createSts(options.accountId)]) addService(one)
  const runInstances: Ec2['runInstances'] = (request) =>
    launched.parse(call('RunInstances', runInstancesForm(request))).instancesSet
  const instanceReached: Ec2['instanceReached'] = (instanceId, state, timeoutMs) =>
    waitForState({ context, subscribe, instanceId, state, timeoutMs })
  return {
    listener: createListener({
      standard: service,
      services,
      credentials: options.credentials,
      authorize,
      withinRate: createRequestLimit(options.requestLimit, () => context.clock.now()),
      isClosed: () => context.background.closed,
      now: () => context.clock.now(),
      log: context.log,
    }),
    addService,
    call,
    runInstances,
    async launch(request, timeoutMs = LAUNCH_LIMIT_MS) {
      const [instance] = runInstances({ ...request, count: 1 })
      if (instance === undefined) throw new Error('RunInstances launched nothing.')
      await instanceReached(instance.instanceId, 'running', timeoutMs)
      return instance
    },
    setServiceTags(instanceId, tags) {
      const instance = findInstance(context, instanceId)
      for (const [key, value] of Object.entries(tags)) {
        if (value === undefined) instance.tags.delete(key)
        else instance.tags.set(key, value)
      }
      history?.note()
    },
    machineStopped(instanceId) {
      context.log(`${instanceId} went off by itself`)
      const instance = context.instances.get(instanceId)
      if (instance !== undefined) machineWentOff(context, instance)
    },
    setCapacity(zone, has) {
      if (![...context.subnets.values()].some((subnet) => subnet.zone.name === zone)) {
        throw new Error(`There is no zone ${zone} in ${options.region}; name one of its zones.`)
      }
      if (has) context.zonesWithoutCapacity.delete(zone)
      else context.zonesWithoutCapacity.add(zone)
    },
    subscribe,
    instanceReached,
    snapshot: () => statusOf(context),
    close: () => context.background.close(CLOSE_LIMIT_MS),
  }
}

function createContext(options: Ec2Options): {
  readonly context: Ec2Context
  readonly subscribe: Ec2['subscribe']
} {
  const { seed, clock = systemClock, eventLog: log = () => {} } = options
  const ids = seededRandom(`${seed}/id`)
  const latencyMs = createLatency(seed, { ...DEFAULT_LATENCY_MS, ...options.latencyMs })
  const listeners = new Set<(change: Ec2Change) => void>()
  const background = new Background(clock, (what, error) => {
    log(
      `${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  })
  let sequence = 0
  const nextSequence = () => (sequence += 1)
  const newId = (prefix: string) => `${prefix}-0${randomHex(ids, 16)}`
  const vpc = options.vpc ?? { id: newId('vpc'), cidr: '10.0.0.0/16' }
  const subnets = options.zones.map((zone) => createSubnet(zone, nextSequence()))
  const hidden = controlPlaneSubnet(options, nextSequence)
  const allSubnets = hidden === undefined ? subnets : [...subnets, hidden]
  const acl = createAcl({ newId, nextSequence }, true)
  const context: Ec2Context = {
    region: options.region,
    accountId: options.accountId,
    machines: options.machines,
    blocks: options.blocks,
    network: options.network,
    clock,
    background,
    idempotency: new IdempotencyTable(() => clock.now()),
    latencyMs,
    delay: (name) => background.wait(latencyMs(name)),
    newId,
    nextSequence,
    changed(change) {
      log(`${change.kind} ${change.id} is ${change.state}`)
      for (const listener of listeners) listener(change)
    },
    log,
    images:
      options.images === undefined
        ? undefined
        : new Map(options.images.map((image) => [image.id, image])),
    vpc: { ...vpc, sequence: nextSequence(), tags: new Map() },
    subnets: new Map(allSubnets.map((subnet) => [subnet.id, subnet])),
    instances: new Map(),
    volumes: new Map(),
    snapshots: new Map(),
    networkAcls: new Map([[acl.id, acl]]),
    aclAssociations: new Map(
      allSubnets.map((subnet) => [subnet.id, associate({ newId }, subnet, acl)]),
    ),
    aclWork: { last: Promise.resolve() },
    managedInterfaces:
      hidden === undefined || options.controlPlane === undefined
        ? []
        : [
            createManagedInterface(
              { newId, nextSequence, clock, region: options.region },
              hidden,
              options.controlPlane,
            ),
          ],
    zonesWithoutCapacity: new Set(),
  }
  const subscribe: Ec2['subscribe'] = (listener) => {
    // A function of its own, so that the same listener can be given twice.
    const entry = (change: Ec2Change) => listener(change)
    listeners.add(entry)
    return () => void listeners.delete(entry)
  }
  return { context, subscribe }
}

/** The subnet in which EKS has its interfaces. Throws when its zone is none of the region's. */
function controlPlaneSubnet(
  { zones, controlPlane }: Ec2Options,
  nextSequence: () => number,
): Subnet | undefined {
  if (controlPlane === undefined) return undefined
  const zone = zones.find(({ name }) => name === controlPlane.zone)
  if (zone === undefined)
    throw new Error(`There is no zone ${controlPlane.zone} for the control plane.`)
  const { subnetId, cidr } = controlPlane
  return createSubnet({ ...zone, subnetId, cidr }, nextSequence(), false)
}
