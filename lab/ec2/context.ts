import type { BlockStore, Machines, Network } from './backend.ts'
import type { Background } from './background.ts'
import type { Clock } from './clock.ts'
import type { IdempotencyTable } from './idempotency.ts'
import type { Image } from './instances/image.ts'
import type { Instance } from './instances/instance.ts'
import type { LatencyName } from './latency.ts'
import type { AclAssociation, NetworkAcl } from './network-acls/network-acl.ts'
import type { ManagedInterface } from './network-interfaces/network-interface.ts'
import type { Subnet, Vpc } from './network/vpc.ts'
import type { Snapshot } from './snapshots/snapshot.ts'
import type { Volume } from './volumes/volume.ts'

/** A state that something has just reached. `attachment` goes by its volume's id. */
export interface Ec2Change {
  readonly kind: 'instance' | 'volume' | 'attachment' | 'snapshot'
  readonly id: string
  /** EC2's own names; `detached` and `deleted` for what is no longer listed. */
  readonly state: string
}

/** Everything that the actions share: the account's resources and what is beneath them. */
export interface Ec2Context {
  readonly region: string
  readonly accountId: string
  readonly machines: Machines
  readonly blocks: BlockStore
  readonly network: Network
  readonly clock: Clock
  readonly background: Background
  readonly idempotency: IdempotencyTable
  readonly latencyMs: (name: LatencyName) => number
  /** Waits as the latency table says. */
  readonly delay: (name: LatencyName) => Promise<void>
  /** `newId('vol')` → `vol-0123456789abcdef0`. */
  readonly newId: (prefix: string) => string
  /** Grows by one with each resource; lists are in this order. */
  readonly nextSequence: () => number
  readonly changed: (change: Ec2Change) => void
  readonly log: (line: string) => void
  /** Images that exist, by id; undefined when every well-formed id does. */
  readonly images: ReadonlyMap<string, Image> | undefined

  readonly vpc: Vpc
  readonly subnets: ReadonlyMap<string, Subnet>
  readonly instances: Map<string, Instance>
  readonly volumes: Map<string, Volume>
  readonly snapshots: Map<string, Snapshot>
  readonly networkAcls: Map<string, NetworkAcl>
  /** By subnet. */
  readonly aclAssociations: Map<string, AclAssociation>
  /** The last of the work queued for the network; never rejects. */
  readonly aclWork: { last: Promise<void> }
  /** Interfaces that belong to no instance of the account. */
  readonly managedInterfaces: readonly ManagedInterface[]
  /** Zones in which no instance can be launched or started. */
  readonly zonesWithoutCapacity: Set<string>
}
