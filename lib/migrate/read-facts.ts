import type { Ec2 } from '../aws/ec2.ts'
import type { Cluster } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import type { MigrationFacts, SourceNode } from './facts.ts'
import type { InstanceShell } from './instance-shell.ts'
import { readSnapshots } from './read-snapshots.ts'
import { readSource } from './read-source.ts'
import { readTarget } from './read-target.ts'

/** What a person asks for when they want to migrate. */
export interface MigrationWish {
  /** Ids of the legacy instances, or of their data volumes, in the order of the pods. */
  readonly from: readonly string[]
  readonly namespace: string
  /** Of this migration. */
  readonly token: string
  readonly manifests: readonly ManifestObject[]
  /** Name of the claim template for the data. */
  readonly template: string
  /** Zone of each pod's copy; by default that of its instance. */
  readonly zones?: readonly string[]
  /** Ids of snapshots that were made before. */
  readonly snapshots?: readonly string[]
  /** What the instances said when they were asked before; without it they are asked. */
  readonly source?: readonly SourceNode[]
}

/**
 * All that a migration is judged by, as AWS, the cluster and the machines tell. Only reads.
 *
 * @throws PreflightError when the manifests hold no StatefulSet with CQL
 */
export async function readFacts(
  { cluster, ec2, shell }: { cluster: Cluster; ec2: Ec2; shell: InstanceShell | undefined },
  wish: MigrationWish,
): Promise<MigrationFacts> {
  const { from, namespace, token, manifests, template, zones, snapshots = [] } = wish
  const source = wish.source ?? (await readSource(ec2, from, shell))
  return {
    source,
    target: await readTarget(cluster, ec2, manifests, { namespace, token }),
    zones: zones ?? source.map(({ zone }) => zone),
    template,
    snapshots: await readSnapshots(ec2, snapshots),
  }
}
