import { PreflightError } from '../model/errors.ts'
import type { MigrationFacts, SourceVolume } from './facts.ts'
import { latestSnapshot } from './latest-snapshot.ts'

/** How Kubernetes is told of an EBS volume: the driver's own way, or the one from before it. */
export const VOLUME_FORMS = ['csi', 'in-tree'] as const
export type VolumeForm = (typeof VOLUME_FORMS)[number]

/** One legacy node and the pod that it is to become. */
export interface PlannedNode {
  readonly ordinal: number
  readonly instanceId: string
  readonly source: SourceVolume
  readonly sourceZone: string
  readonly zone: string
  /** Names of the claim and of the persistent volume. */
  readonly claim: string
  readonly volume: string
  /** One that is there already; otherwise one is made. */
  readonly snapshotId?: string
}

/** All that will be made. */
export interface MigrationPlan {
  /** Tag of everything that is made in AWS; the same token makes nothing twice. */
  readonly token: string
  readonly namespace: string
  readonly statefulSet: string
  readonly template: string
  readonly storageClass: string
  readonly accessModes: readonly string[]
  readonly requestGiB: number
  readonly fsType: string
  readonly form: VolumeForm
  readonly nodes: readonly PlannedNode[]
}

/**
 * What will be made, of facts against which nothing speaks.
 *
 * @throws PreflightError when something does
 */
export function planMigration(
  facts: MigrationFacts,
  choice: { readonly token: string; readonly form: VolumeForm; readonly fsType: string },
): MigrationPlan {
  const { source, target, template: name, zones } = facts
  const template = target.templates.find((one) => one.name === name)
  if (template === undefined) throw new PreflightError(`There is no claim template ${name}.`)
  return {
    ...choice,
    namespace: target.namespace,
    statefulSet: target.statefulSet,
    template: name,
    storageClass: template.storageClass ?? '',
    accessModes: template.accessModes,
    requestGiB: template.requestGiB,
    nodes: source.map(({ instanceId, volume, zone: sourceZone }, ordinal) => {
      if (volume === undefined) throw new PreflightError(`${instanceId} has no data volume.`)
      const claim = `${name}-${target.statefulSet}-${ordinal}`
      const snapshotId = latestSnapshot(facts.snapshots, volume.id)?.id
      return {
        ordinal,
        instanceId,
        source: volume,
        sourceZone,
        zone: zones[ordinal] ?? sourceZone,
        claim,
        volume: `${choice.token}-${claim}`,
        ...(snapshotId === undefined ? {} : { snapshotId }),
      }
    }),
  }
}
