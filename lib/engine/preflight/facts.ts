import type {
  V1ConfigMap,
  V1Deployment,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolume,
  V1Pod,
  V1Secret,
} from '@kubernetes/client-node'
import type { EksCluster } from '../../aws/eks-cluster.ts'
import type { CallerIdentity } from '../../aws/identity.ts'
import type { SafetyRules } from '../../model/safety-rules.ts'
import type { FaultName } from '../../model/scenario.ts'
import type { TargetDescription } from '../../model/target.ts'

/** What is to be done, and what a person allows. */
export interface Request {
  readonly rules: SafetyRules
  /** Faults of the chosen scenarios that can run. */
  readonly faults: readonly FaultName[]
  /** How long the run may take, milliseconds. */
  readonly plannedMs: number
  /** The server that the command line calls, for commands that mend things. */
  readonly eksName: string | undefined
}

/** What a cluster says of itself before anything is changed. */
export interface ClusterFacts {
  readonly target: TargetDescription
  /** UID of the namespace kube-system. */
  readonly clusterUid: string
  readonly consent: V1ConfigMap | undefined
  readonly nodes: readonly V1Node[]
  readonly namespaces: readonly V1Namespace[]
  /** Of all namespaces. */
  readonly pods: readonly V1Pod[]
  readonly volumes: readonly V1PersistentVolume[]
  readonly deployments: readonly V1Deployment[]
  readonly csiDrivers: readonly string[]
  /** Of the namespace that the run is to use, if it is there. */
  readonly networkPolicies: readonly V1NetworkPolicy[]
  /** Why the manifests' pods would not be taken; a sentence each. */
  readonly podRefusals: readonly string[]
  /** The namespace in which the API server was asked that; undefined where there was none to ask. */
  readonly podsAskedIn: string | undefined
  /** Labels of those pods, a record for each StatefulSet. */
  readonly podLabels: readonly Readonly<Record<string, string>>[]
  /** What images are to be pulled with, where that is a Secret. */
  readonly pullSecret: PullSecretFact | undefined
  /** Policies that network plug-ins have beside Kubernetes' own. */
  readonly pluginPolicies: PluginPolicies
}

/** The Secret that the settings name, as it is where a run would take it from. */
export interface PullSecretFact {
  readonly name: string
  readonly namespace: string
  readonly secret: V1Secret | undefined
}

/** What is known of policies in languages of their own: who they cut off nobody can tell here. */
export interface PluginPolicies {
  /** `GlobalNetworkPolicy deny-all (crd.projectcalico.org)` */
  readonly found: readonly string[]
  /** Kinds that the cluster has and the user may not list. */
  readonly unseen: readonly string[]
}

/** An instance behind a node. */
export interface InstanceFact {
  readonly id: string
  readonly ownerId: string
  readonly tags: Readonly<Record<string, string>>
}

/** What AWS says. */
export interface AccountFacts {
  readonly region: string
  readonly identity: CallerIdentity
  /** Those of the nodes, and of a legacy ring, that the credentials see. */
  readonly instances: readonly InstanceFact[]
  /** Volumes at those instances. */
  readonly volumes: readonly {
    readonly id: string
    readonly tags: Readonly<Record<string, string>>
  }[]
  /** Absent on the lab. */
  readonly eks?: EksCluster
  readonly eksName?: string
  /** Of the certificates that the kubeconfig trusts, as it has it. */
  readonly caData?: string
}
