import type { V1StorageClass } from '@kubernetes/client-node'
import type { Cluster } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import type { Workload } from '../kube/workload.ts'
import { PreflightError } from '../model/errors.ts'
import { predictZone, type ZonePrediction } from './volume-zone.ts'

export type OrdinalPrediction = ZonePrediction & { readonly ordinal: number }

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

/**
 * Predicts the zones of the volumes that a StatefulSet's claims will get, before it is applied.
 *
 * @param objects the manifests, whose StorageClass counts before one of that name in the cluster
 * @param count for how many pods
 * @throws PreflightError when nothing would provision them
 */
export async function predictVolumes(
  { storage, core }: Cluster,
  objects: readonly ManifestObject[],
  { claims, statefulSet }: Workload,
  count: number,
): Promise<OrdinalPrediction[]> {
  const [{ items: csiNodes }, { items: nodes }, { items: classes }] = await Promise.all([
    storage.listCSINode(),
    core.listNode(),
    storage.listStorageClass(),
  ])
  const ordinals = Array.from({ length: count }, (_, ordinal) => ordinal)
  return claims.flatMap(({ template, storageClass: name }) => {
    const brought = objects.find(
      ({ object }) => object.kind === 'StorageClass' && object.metadata.name === name,
    )?.object
    const storageClass = brought ?? classes.find((item) => isNamed(item, name))
    // With the name '' nothing is provisioned: such a claim is bound by hand.
    if (!storageClass && name !== '') {
      throw new PreflightError(
        name === undefined
          ? `The claims ${template}-${statefulSet}-… name no StorageClass, and the cluster has no default.`
          : `The StorageClass ${name} of the claims ${template}-${statefulSet}-… is neither in the manifests nor in the cluster.`,
        { hint: 'Put it among the manifests, or name one that kubectl get storageclass lists.' },
      )
    }
    return ordinals.map((ordinal) => {
      const claim = `${template}-${statefulSet}-${ordinal}`
      return storageClass && 'provisioner' in storageClass
        ? { ordinal, ...predictZone(claim, { storageClass, csiNodes, nodes }) }
        : { ordinal, claim, zone: undefined, why: 'it is provisioned by nobody' }
    })
  })
}

/** Whether it has the name, or is the default when none is given. */
function isNamed({ metadata }: V1StorageClass, name: string | undefined): boolean {
  return name === undefined
    ? metadata?.annotations?.[DEFAULT_CLASS] === 'true'
    : metadata?.name === name
}
