/** A legacy machine with the volume that its database is on, as AWS and the machine tell. */
export interface SourceNode {
  readonly instanceId: string
  /** `running`, `stopped`; `absent` when there is none of that id. */
  readonly state: string
  readonly zone: string
  readonly address: string
  /** The data volume; absent when it can't be told which it is. */
  readonly volume?: SourceVolume
  /** Data volumes that it may be; several when nobody said which. */
  readonly candidates: readonly string[]
  /** When the machine was started last, or its database, where that says so. */
  readonly startedAtMs?: number
  /** Absent when nobody can be asked: there is no way into the machine. */
  readonly identity?: NodeIdentity
  /** Whether its database runs and is not drained; absent when that can't be known. */
  readonly isServing?: boolean
}

export interface SourceVolume {
  readonly id: string
  readonly device: string
  readonly sizeGiB: number
  readonly type: string
  readonly iops?: number
  readonly throughputMiBps?: number
  readonly encrypted: boolean
}

/** Who a Cassandra node says that it is; all of it comes from its volume. */
export interface NodeIdentity {
  readonly clusterName: string
  readonly datacenter: string
  readonly rack: string
  readonly hostId: string
  readonly tokens: readonly string[]
  /** `NORMAL`, `DRAINED`: with the second nothing is written any more. */
  readonly mode: string
  /** Addresses of all nodes of its ring, its own among them; empty when it doesn't say. */
  readonly members: readonly string[]
  /** For how long its process has run. */
  readonly uptimeSeconds?: number
}

/** The StatefulSet that is to take the data over, and the cluster that it will be in. */
export interface TargetFacts {
  readonly namespace: string
  readonly statefulSet: string
  readonly replicas: number
  readonly templates: readonly ClaimTemplate[]
  /** Values of the database's container where the manifest has them as plain text. */
  readonly settings: Readonly<Partial<Record<'clusterName' | 'datacenter' | 'rack', string>>>
  /** Claims that are there, by name. */
  readonly claims: readonly string[]
  /** Zones with a node that takes pods. */
  readonly zones: readonly string[]
  readonly hasCsiDriver: boolean
  /** PersistentVolumes and claims for them that the manifests bring along themselves. */
  readonly volumes: readonly HandMadeVolume[]
}

export interface ClaimTemplate {
  readonly name: string
  readonly storageClass?: string
  readonly requestGiB: number
  readonly accessModes: readonly string[]
}

/** A PersistentVolume that somebody wrote, and the claim that names it. */
export interface HandMadeVolume {
  readonly name: string
  readonly claim?: string
  readonly volumeId: string
  /** Zones of its node affinity; empty when it has none. */
  readonly zones: readonly string[]
  readonly reclaimPolicy: string
  /** What EC2 says of the volume; absent when it has none of that id. */
  readonly volume?: {
    readonly zone: string
    /** Instance that it is attached to. */
    readonly attachedTo?: string
    /** The volume that it is a copy of, as its snapshot tells. */
    readonly copyOf?: string
  }
}

/** A snapshot that is there already for one of the source's volumes. */
export interface SnapshotFacts {
  readonly id: string
  readonly volumeId: string
  readonly startedAtMs: number
  readonly state: string
}

/** All that a migration is judged by. */
export interface MigrationFacts {
  /** In the order of the ordinals that they are to become. */
  readonly source: readonly SourceNode[]
  readonly target: TargetFacts
  /** Zone of each ordinal's copy. */
  readonly zones: readonly string[]
  /** Name of the claim template that is to find the volumes. */
  readonly template: string
  /** Snapshots that somebody made before; none: they are yet to be made. */
  readonly snapshots: readonly SnapshotFacts[]
}
