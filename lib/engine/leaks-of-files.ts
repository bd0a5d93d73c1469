import { Aws } from '../aws/aws.ts'
import { CLAIM_NAMESPACE_TAG } from '../aws/tags.ts'
import type { Cluster } from '../kube/cluster.ts'
import { NAMESPACE_LABEL } from '../model/run-label.ts'
import type { TargetDescription } from '../model/target.ts'
import type { Projection } from './records.ts'

/**
 * A leak list without what is in no namespace and was made for other files of scenarios, which may
 * run at the same time: their StorageClasses, their volumes and what attaches those.
 *
 * @param namespaces of those files
 */
export async function withoutOtherFiles(
  { cluster, target }: { readonly cluster: Cluster; readonly target: TargetDescription },
  projection: Projection,
  namespaces: readonly string[],
): Promise<Projection> {
  if (namespaces.length === 0) return projection
  const isTheirs = (namespace: string | undefined): boolean =>
    namespace !== undefined && namespaces.includes(namespace)
  const [{ items: classes }, { items: volumes }] = await Promise.all([
    cluster.storage.listStorageClass(),
    cluster.core.listPersistentVolume(),
  ])
  const theirClasses = classes
    .filter(({ metadata }) => isTheirs(metadata?.labels?.[NAMESPACE_LABEL]))
    .map(({ metadata }) => metadata?.name ?? '')
  const theirVolumes = volumes
    .filter(({ spec }) => isTheirs(spec?.claimRef?.namespace))
    .map(({ metadata }) => metadata?.name ?? '')
  return {
    ...projection,
    StorageClass: without(projection['StorageClass'], theirClasses),
    PersistentVolume: without(projection['PersistentVolume'], theirVolumes),
    VolumeAttachment: Object.fromEntries(
      Object.entries(projection['VolumeAttachment'] ?? {}).filter(
        ([name]) => !theirVolumes.some((volume) => name.startsWith(`of ${volume} to `)),
      ),
    ),
    Volume: without(projection['Volume'], await theirDisks(target, isTheirs)),
  }
}

async function theirDisks(
  { aws: access }: TargetDescription,
  isTheirs: (namespace: string | undefined) => boolean,
): Promise<string[]> {
  if (access === undefined) return []
  const aws = new Aws(access)
  try {
    const volumes = await (await aws.ec2()).listVolumes()
    return volumes
      .filter(({ Tags = [] }) =>
        isTheirs(Tags.find(({ Key }) => Key === CLAIM_NAMESPACE_TAG)?.Value),
      )
      .map(({ VolumeId = '' }) => VolumeId)
  } finally {
    await aws.close()
  }
}

function without(
  names: Readonly<Record<string, string>> = {},
  theirs: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(names).filter(([name]) => !theirs.includes(name)))
}
