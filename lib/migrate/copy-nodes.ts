import { awaitSnapshot, beginSnapshot, copyOf, volumeFrom } from '../aws/copies.ts'
import type { Ec2 } from '../aws/ec2.ts'
import type { ChangeLog } from '../kube/changes.ts'
import type { UndoScope } from '../model/journal.ts'
import { drainNode } from './identity.ts'
import type { InstanceShell } from './instance-shell.ts'
import type { MigrationPlan } from './plan.ts'

/** How a copy is noted and told. */
export interface CopyOptions {
  readonly scope: UndoScope
  readonly scenario?: string
  /** Told what is being done, a sentence at a time. */
  readonly tell: (text: string) => void
}

/** Has every node write all that it has to its volume and take no more writes, all at once. */
export async function drainNodes(
  shell: InstanceShell,
  hosts: readonly { readonly instanceId: string; readonly address: string }[],
): Promise<void> {
  await Promise.all(hosts.map((host) => drainNode(shell, host)))
}

/**
 * Copies the volumes of all nodes: snapshots that are begun at once, and a volume from each in its
 * pod's zone. What is copied stays as it is and where it is. Called again after it was cut off it
 * goes on where it was, for what is made carries the plan's token.
 *
 * @returns ids of the new volumes, by ordinal
 */
export async function copyNodes(
  ec2: Ec2,
  log: ChangeLog,
  plan: MigrationPlan,
  { scope, scenario, tell }: CopyOptions,
): Promise<string[]> {
  const { nodes, token } = plan
  const { value } = await log.change(
    {
      scope,
      ...(scenario === undefined ? {} : { scenario }),
      action: `copy ${nodes.map(({ source }) => source.id).join(', ')}`,
      undo: { kind: 'delete-copies', token },
    },
    async () => {
      const made = await Promise.all(nodes.map(({ source }) => copyOf(ec2, source.id, token)))
      tell(`snapshots of ${nodes.map(({ source }) => source.id).join(', ')}`)
      await Promise.all(
        nodes
          // Of what is copied already the snapshot may be gone.
          .filter(({ snapshotId }, index) => snapshotId === undefined && made[index] === undefined)
          .map(({ instanceId, source }) =>
            beginSnapshot(ec2, { instanceId, volumeId: source.id }, token),
          ),
      )
      const snapshots = await Promise.all(
        nodes.map(async ({ source, snapshotId: given }, index) => {
          const snapshotId = given ?? made[index]?.SnapshotId
          return snapshotId === undefined
            ? awaitSnapshot(ec2, source.id, token)
            : { SnapshotId: snapshotId, VolumeId: source.id }
        }),
      )
      tell(`volumes in ${nodes.map(({ zone }) => zone).join(', ')}`)
      return Promise.all(
        nodes.map(({ source, zone, claim, instanceId }, index) =>
          volumeFrom(ec2, snapshots[index] ?? {}, token, {
            zone,
            type: source.type,
            ...(source.iops === undefined ? {} : { iops: source.iops }),
            ...(source.throughputMiBps === undefined
              ? {}
              : { throughputMiBps: source.throughputMiBps }),
            tags: { Name: claim, 'zonefall.io/copied-from': instanceId },
          }),
        ),
      )
    },
  )
  return value
}
