import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node'
import type { MigrationPlan, PlannedNode } from './plan.ts'

const ZONE_LABEL = 'topology.kubernetes.io/zone'
/** Label by which a person finds what was made for one migration. */
export const MIGRATION_LABEL = 'zonefall.io/migration'

/** A persistent volume or a claim, with its name. */
export type AdoptionObject = (V1PersistentVolume | V1PersistentVolumeClaim) & {
  readonly metadata: { readonly name: string }
}

/**
 * A persistent volume for each copy and the claim that the StatefulSet will look for, each bound to
 * the other by name: no volume is made for a claim that is there. The volumes are retained whatever
 * becomes of the claims, and may be used in their own zone alone.
 *
 * @param volumeIds of the copies, by ordinal
 */
export function adoptionObjects(
  plan: MigrationPlan,
  volumeIds: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): AdoptionObject[] {
  const all = { ...labels, [MIGRATION_LABEL]: plan.token }
  return plan.nodes.flatMap((node) => [
    persistentVolume(plan, node, volumeIds[node.ordinal] ?? '', all),
    claim(plan, node, all),
  ])
}

function persistentVolume(
  plan: MigrationPlan,
  node: PlannedNode,
  volumeId: string,
  labels: Record<string, string>,
): AdoptionObject {
  const { fsType } = plan
  const source =
    plan.form === 'csi'
      ? { csi: { driver: 'ebs.csi.aws.com', volumeHandle: volumeId, fsType } }
      : // The API server stores it as it is, and everybody who reads it translates it for the driver.
        { awsElasticBlockStore: { volumeID: `aws://${node.zone}/${volumeId}`, fsType } }
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: node.volume, labels },
    spec: {
      capacity: { storage: `${node.source.sizeGiB}Gi` },
      accessModes: [...plan.accessModes],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: plan.storageClass,
      // So that no other claim can take it first.
      claimRef: { namespace: plan.namespace, name: node.claim },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: ZONE_LABEL, operator: 'In', values: [node.zone] }] },
          ],
        },
      },
      ...source,
    },
  }
}

function claim(
  plan: MigrationPlan,
  node: PlannedNode,
  labels: Record<string, string>,
): AdoptionObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: node.claim, namespace: plan.namespace, labels },
    spec: {
      accessModes: [...plan.accessModes],
      storageClassName: plan.storageClass,
      volumeName: node.volume,
      resources: { requests: { storage: `${plan.requestGiB}Gi` } },
    },
  }
}
