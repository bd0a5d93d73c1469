import type { V1Node, V1PersistentVolume, V1Pod } from '@kubernetes/client-node'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import { isPodReady } from '../kube/pod-state.ts'
import { zoneOfNode, zonesOfVolume } from '../kube/volume-affinity.ts'

/** Where a pod and its volumes are; what is not there yet is absent. */
export interface Placement {
  readonly pod: string
  readonly uid: string
  readonly node?: string
  readonly zone?: string
  readonly ip?: string
  readonly ready: boolean
  readonly volumes: readonly VolumePlacement[]
}

export interface VolumePlacement {
  readonly claim: string
  readonly claimUid?: string
  /** Of the claim: `Bound`; absent where there is no such claim. */
  readonly phase?: string
  /** Name of the persistent volume; absent while the claim is unbound. */
  readonly volume?: string
  /** The driver's name for it: `vol-…`. */
  readonly volumeId?: string
  /** Zones in which the volume's node affinity admits a pod. */
  readonly zones: readonly string[]
}

/** Reads where a pod and its volumes are; undefined if there is no such pod. */
export async function readPlacement(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Placement | undefined> {
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
  if (!pod) return undefined
  const nodeName = pod.spec?.nodeName
  const node =
    nodeName === undefined ? undefined : await orAbsent(cluster.core.readNode({ name: nodeName }))
  const volumes: VolumePlacement[] = []
  for (const claim of claimsOf(pod)) volumes.push(await readVolume(cluster, namespace, claim))
  return placementOf(pod, node, volumes)
}

/** Reads where the volume of a claim is. */
export async function readVolume(
  cluster: Cluster,
  namespace: string,
  claim: string,
): Promise<VolumePlacement> {
  const found = await orAbsent(
    cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name: claim }),
  )
  const volumeName = found?.spec?.volumeName
  const volume: V1PersistentVolume | undefined =
    volumeName === undefined
      ? undefined
      : await orAbsent(cluster.core.readPersistentVolume({ name: volumeName }))
  const { csi, awsElasticBlockStore: inTree } = volume?.spec ?? {}
  // `aws://us-east-1a/vol-…`, as the form from before the driver has it.
  const volumeId = csi?.volumeHandle ?? inTree?.volumeID.split('/').at(-1)
  return {
    claim,
    ...(found?.metadata?.uid === undefined ? {} : { claimUid: found.metadata.uid }),
    ...(found?.status?.phase === undefined ? {} : { phase: found.status.phase }),
    ...(volumeName === undefined ? {} : { volume: volumeName }),
    ...(volumeId === undefined ? {} : { volumeId }),
    zones: volume === undefined ? [] : zonesOfVolume(volume),
  }
}

/** Names of the claims that a pod mounts. */
function claimsOf(pod: V1Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName],
  )
}

/**
 * What is wrong with where a pod is: it must run in a zone that every one of its volumes admits.
 * Empty when all is well.
 */
export function misplacements(placement: Placement): string[] {
  const { pod, zone, node, volumes } = placement
  if (node === undefined) return [`Pod ${pod} is on no node.`]
  return volumes.flatMap(({ claim, volume, zones }) => {
    if (volume === undefined) return [`Claim ${claim} of pod ${pod} is not bound.`]
    if (zones.length === 0) return [`Volume ${volume} of pod ${pod} names no zone.`]
    if (zone === undefined || !zones.includes(zone)) {
      return [`Pod ${pod} runs in zone ${zone ?? '?'}, its volume ${volume} is in ${zones.join()}.`]
    }
    return []
  })
}

function placementOf(
  pod: V1Pod,
  node: V1Node | undefined,
  volumes: readonly VolumePlacement[],
): Placement {
  const zone = node === undefined ? undefined : zoneOfNode(node)
  return {
    pod: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
    ...(pod.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(pod.status?.podIP === undefined ? {} : { ip: pod.status.podIP }),
    ready: isPodReady(pod),
    volumes,
  }
}
