import type { Snapshot, Volume } from '@aws-sdk/client-ec2'
import type { V1Node } from '@kubernetes/client-node'
import { z } from 'zod'
import { SOURCE_TAG } from '../aws/copies.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { tagOf } from '../aws/tags.ts'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import { isNodeReady } from '../kube/node-state.ts'
import { quantityOf } from '../kube/quantity.ts'
import { zoneOfNode, zonesOfVolume } from '../kube/volume-affinity.ts'
import { findWorkload } from '../kube/workload.ts'
import { MIGRATION_LABEL } from './adoption-objects.ts'
import type { HandMadeVolume, TargetFacts } from './facts.ts'

const CQL_PORT = 9042
const GIB = 2 ** 30

const setSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({
            name: z.string(),
            env: z
              .array(z.looseObject({ name: z.string(), value: z.string().optional() }))
              .optional(),
          }),
        ),
      }),
    }),
    volumeClaimTemplates: z.array(
      z.looseObject({
        metadata: z.looseObject({ name: z.string() }),
        spec: z.looseObject({
          storageClassName: z.string().optional(),
          accessModes: z.array(z.string()).default(['ReadWriteOnce']),
          resources: z.looseObject({ requests: z.looseObject({ storage: z.coerce.string() }) }),
        }),
      }),
    ),
  }),
})

const volumeSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    persistentVolumeReclaimPolicy: z.string().default('Retain'),
    claimRef: z.looseObject({ name: z.string() }).optional(),
    csi: z.looseObject({ volumeHandle: z.string() }).optional(),
    awsElasticBlockStore: z.looseObject({ volumeID: z.string() }).optional(),
  }),
})

const claimSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ volumeName: z.string().optional() }),
})

/**
 * What is to take the data over: of the manifests, of the cluster, and of the volumes that the
 * manifests name. Only reads.
 *
 * @param token of this migration: claims that it made itself in an earlier try are not in its way
 * @throws PreflightError when the manifests hold no StatefulSet with CQL
 */
export async function readTarget(
  cluster: Cluster,
  ec2: Ec2,
  manifests: readonly ManifestObject[],
  where: { readonly namespace: string; readonly token: string },
): Promise<TargetFacts> {
  const workload = findWorkload(manifests, CQL_PORT, where.namespace)
  const set = setSchema.parse(
    manifests.find(({ object }) => object.kind === 'StatefulSet')?.object ?? {},
  )
  const container = set.spec.template.spec.containers.find(
    ({ name }) => name === workload.container,
  )
  const setting = (variable: string) =>
    container?.env?.find(({ name }) => name === variable)?.value ?? undefined
  const named = {
    clusterName: setting('CASSANDRA_CLUSTER_NAME'),
    datacenter: setting('CASSANDRA_DC'),
    rack: setting('CASSANDRA_RACK'),
  }
  const { namespace } = workload
  const [nodes, claims, driver, volumes] = await Promise.all([
    cluster.core.listNode(),
    cluster.core.listNamespacedPersistentVolumeClaim({ namespace }),
    orAbsent(cluster.storage.readCSIDriver({ name: 'ebs.csi.aws.com' })),
    handMadeVolumes(ec2, manifests),
  ])
  return {
    namespace,
    statefulSet: workload.statefulSet,
    replicas: workload.replicas,
    templates: set.spec.volumeClaimTemplates.map(({ metadata, spec }) => ({
      name: metadata.name,
      ...(spec.storageClassName === undefined ? {} : { storageClass: spec.storageClassName }),
      requestGiB: quantityOf(spec.resources.requests.storage) / GIB,
      accessModes: spec.accessModes,
    })),
    settings: Object.fromEntries(
      Object.entries(named).filter(([, value]) => value !== undefined),
    ) satisfies TargetFacts['settings'],
    claims: claims.items
      .filter(({ metadata }) => metadata?.labels?.[MIGRATION_LABEL] !== where.token)
      .map(({ metadata }) => metadata?.name ?? ''),
    zones: [...new Set(nodes.items.filter(takesPods).flatMap((node) => zoneOfNode(node) ?? []))],
    hasCsiDriver: driver !== undefined,
    volumes,
  }
}

function takesPods(node: V1Node): boolean {
  return isNodeReady(node) && node.spec?.unschedulable !== true
}

/** The persistent volumes among the manifests, with what EC2 says of what they name. */
async function handMadeVolumes(
  ec2: Ec2,
  manifests: readonly ManifestObject[],
): Promise<HandMadeVolume[]> {
  const objects = manifests.map(({ object }) => object)
  const claims = objects
    .filter(({ kind }) => kind === 'PersistentVolumeClaim')
    .map((object) => claimSchema.parse(object))
  const written = objects
    .filter(({ kind }) => kind === 'PersistentVolume')
    .flatMap((object) => {
      const { metadata, spec } = volumeSchema.parse(object)
      // `aws://us-east-1a/vol-…`, as the in-tree form has it.
      const volumeId =
        spec.csi?.volumeHandle ?? spec.awsElasticBlockStore?.volumeID.split('/').at(-1)
      if (volumeId === undefined) return []
      const claim =
        claims.find((one) => one.spec.volumeName === metadata.name)?.metadata.name ??
        spec.claimRef?.name
      return [{ object, name: metadata.name, volumeId, claim, spec }]
    })
  if (written.length === 0) return []
  const volumes = await ec2.listVolumes(written.map(({ volumeId }) => volumeId))
  const snapshots = await ec2.listSnapshots()
  return written.map(({ object, name, volumeId, claim, spec }) => {
    const volume = volumes.find(({ VolumeId }) => VolumeId === volumeId)
    return {
      name,
      volumeId,
      zones: zonesOfVolume(object),
      reclaimPolicy: spec.persistentVolumeReclaimPolicy,
      ...(claim === undefined ? {} : { claim }),
      ...(volume === undefined ? {} : { volume: describeVolume(volume, snapshots) }),
    }
  })
}

function describeVolume(
  volume: Volume,
  snapshots: readonly Snapshot[],
): NonNullable<HandMadeVolume['volume']> {
  const attachedTo = volume.Attachments?.[0]?.InstanceId
  const copyOf =
    tagOf(volume, SOURCE_TAG) ??
    snapshots.find(({ SnapshotId }) => SnapshotId === volume.SnapshotId)?.VolumeId
  return {
    zone: volume.AvailabilityZone ?? '',
    ...(attachedTo === undefined ? {} : { attachedTo }),
    ...(copyOf === undefined ? {} : { copyOf }),
  }
}
