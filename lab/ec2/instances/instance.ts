import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import type { Subnet } from '../network/vpc.ts'
import type { InstanceType } from './instance-types.ts'

export type PowerDown = 'orderly' | 'power-off'

export type InstanceState =
  /** `launch`: for the first time; it has never reached `running`. */
  | { readonly name: 'pending'; readonly launch: boolean }
  | { readonly name: 'running'; readonly sinceMs: number; readonly initializingMs: number }
  | { readonly name: 'stopping' }
  | { readonly name: 'stopped' }
  | { readonly name: 'shutting-down' }
  | { readonly name: 'terminated'; readonly sinceMs: number }

export type InstanceStateName = InstanceState['name']

/** Source: API reference, InstanceState. */
export const INSTANCE_STATE_CODES: Readonly<Record<InstanceStateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}

const NEXT: Readonly<Record<InstanceStateName, readonly InstanceStateName[]>> = {
  // `stopped` and `terminated`: the machine would not start.
  pending: ['running', 'stopped', 'shutting-down', 'terminated'],
  running: ['stopping', 'stopped', 'shutting-down'],
  stopping: ['stopped', 'shutting-down'],
  stopped: ['pending', 'shutting-down'],
  'shutting-down': ['terminated'],
  terminated: [],
}

/** Why an instance is in the state it is in, in EC2's two wordings. */
export interface StateReason {
  readonly code: string
  readonly message: string
  /** `User initiated (2026-01-02 03:04:05 GMT)` */
  readonly transition: string
}

export interface Instance {
  readonly id: string
  readonly sequence: number
  readonly reservationId: string
  readonly launchIndex: number
  readonly type: InstanceType
  readonly imageId: string
  readonly subnet: Subnet
  readonly privateIp: string
  readonly privateDnsName: string
  readonly macAddress: string
  readonly interfaceId: string
  readonly interfaceAttachmentId: string
  readonly userData: string
  readonly clientToken: string
  readonly shutdownBehavior: 'stop' | 'terminate'
  readonly tags: Map<string, string>
  readonly interfaceTags: Map<string, string>
  readonly firstLaunchMs: number
  /** Of the last start. */
  launchTimeMs: number
  state: InstanceState
  reason: StateReason | undefined
  /** What is under the API; `unknown` after a launch that failed half-way. */
  machine: 'absent' | 'on' | 'off' | 'unknown'
  rebooting: boolean
  /** It went off by itself since it was last powered on, and nobody has acted on that yet. */
  wentOff: boolean
  /** Cuts an orderly shutdown short; set while one is under way. */
  hurry: (() => void) | undefined
  /** The last of the work queued for this instance; never rejects. */
  work: Promise<void>
}

const ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/

/** Throws InvalidInstanceID.Malformed or InvalidInstanceID.NotFound. */
export function findInstance(context: Ec2Context, id: string): Instance {
  checkIds([id])
  const instance = context.instances.get(id)
  if (instance !== undefined) return instance
  throw instanceNotFound(`The instance ID '${id}' does not exist`)
}

export function findInstances(context: Ec2Context, ids: readonly string[]): readonly Instance[] {
  checkIds(ids)
  const missing = ids.filter((id) => !context.instances.has(id))
  if (missing.length > 1) {
    throw instanceNotFound(`The instance IDs '${missing.join(', ')}' do not exist`)
  }
  return [...new Set(ids)].map((id) => findInstance(context, id))
}

function checkIds(ids: readonly string[]): void {
  const malformed = ids.find((id) => !ID.test(id))
  if (malformed === undefined) return
  throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`)
}

const instanceNotFound = (message: string): ApiError =>
  new ApiError('InvalidInstanceID.NotFound', message)

/** The one place where an instance changes its state; an illegal step is a defect and throws. */
export function setInstanceState(
  context: Ec2Context,
  instance: Instance,
  state: InstanceState,
  reason?: StateReason,
): void {
  const from = instance.state.name
  if (!NEXT[from].includes(state.name)) {
    throw new Error(`Instance ${instance.id} can't go from ${from} to ${state.name}.`)
  }
  instance.state = state
  instance.reason = reason
  context.changed({ kind: 'instance', id: instance.id, state: state.name })
}
