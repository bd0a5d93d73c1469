/** Where a run happens and what can be done there; found at the start, written to `run.json`. */
export interface TargetDescription {
  readonly kind: 'lab' | 'eks' | 'kubeconfig'
  /** Path of the kubeconfig and the context in it. */
  readonly kubeconfig: string
  readonly context: string
  /** Namespace that the scenarios' objects go to. */
  readonly namespace: string
  readonly zones: readonly Zone[]
  readonly capabilities: readonly Capability[]
  /** AWS access for faults; absent without the `ec2` capability. Keys here are the lab's own only. */
  readonly aws?: AwsAccess
  /** What stands behind image names on this target; empty but on the lab. */
  readonly images: readonly { readonly name: string; readonly standsBehind: string }[]
  /** Where this target differs from EKS, one sentence each; empty but on the lab. */
  readonly differences: readonly string[]
  readonly kubernetesVersion: string
  /** How images are pulled; absent: by their own names. */
  readonly pulls?: PullRules
  /** What of a shared cluster may be touched; absent on the lab, which is all the run's. */
  readonly scope?: Scope
  /** A legacy ring that scenarios may use; absent on the lab, where they launch one. */
  readonly legacy?: LegacyRing
}

/**
 * Instances of EC2 outside Kubernetes with a Cassandra on them, which scenarios of migrations write
 * to, drain and restart.
 */
export interface LegacyRing {
  /** Ids, in the order of the pods that they are to become. */
  readonly instances: readonly string[]
  /** The command that runs others on an instance; `{id}` and `{address}` stand for its own. */
  readonly onInstance: string
  /** What restarts the database there. */
  readonly restart: string
  /** Folder of the database's files. */
  readonly data: string
}

/** What of a shared cluster a run may touch. It follows the groups: their nodes come and go. */
export interface Scope {
  /** Names of node groups, or of Auto Scaling groups; `*` means every node. */
  readonly nodeGroups: readonly string[]
  /** How many nodes one fault may hit at once. */
  readonly maxBlastRadius: number
}

/** How a shared cluster wants images pulled. */
export interface PullRules {
  /** `registry.example.com/mirror`: has them under their full names. */
  readonly mirror?: string
  /** Secret of type kubernetes.io/dockerconfigjson in the namespace of the pods. */
  readonly pullSecret?: string
}

/** A zone *of this cluster*: its name and the nodes that the run may touch. */
export interface Zone {
  readonly name: string
  readonly nodes: readonly { readonly name: string; readonly instanceId?: string }[]
}

/**
 * `exec`: commands in pods. `ec2`: instances and volumes by API. `nacl`: network ACLs. `capacity`:
 * launches in a zone can be made to fail. `commit-log-sync`: Cassandra's images take from the
 * environment when a write counts as written (CASSANDRA_COMMITLOG_SYNC). `legacy`: there is a
 * Cassandra outside Kubernetes to migrate, and a way to run commands on its machines.
 * `launch-legacy`: the run launches those itself, so that nothing is lost with them.
 */
export const CAPABILITIES = [
  'exec',
  'ec2',
  'nacl',
  'capacity',
  'commit-log-sync',
  'legacy',
  'launch-legacy',
] as const
export type Capability = (typeof CAPABILITIES)[number]

export interface AwsAccess {
  readonly region: string
  /** Absent on AWS itself. */
  readonly endpoint?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** The profile that the SDK's chain is to use; absent: AWS_PROFILE's, or what else it finds. */
  readonly profile?: string
  /** How old EC2's answers may be, at most; by default the budget `ec2Behind`. */
  readonly answersBehindMs?: number
}
