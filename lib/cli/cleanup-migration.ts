import { deleteSnapshots } from '../aws/copies.ts'
import { findMigration, type MigrationRemains, undoMigration } from '../engine/undo-migration.ts'
import { PreflightError } from '../model/errors.ts'
import type { TargetOptions } from './choose-target.ts'
import { whileLocked, withMigrationTarget } from './migration-target.ts'

export interface MigrationCleanup extends TargetOptions {
  /** Which one; as `migrate run` called it. */
  readonly migration: string
  readonly onlySnapshots: boolean
  readonly discardWrites: boolean
  readonly json?: boolean
}

/**
 * `zonefall cleanup --migration`: deletes what `zonefall migrate run` made, and nothing that it
 * copied. Prints what is gone.
 *
 * @throws PreflightError when there is nothing of it, or it may be all that there is: pods may have
 *   written to the copies, or what was copied is gone
 */
export async function cleanUpMigration(options: MigrationCleanup): Promise<void> {
  const { migration: token, onlySnapshots, discardWrites, json } = options
  await withMigrationTarget(options, [], ({ cluster, clusterUid, ec2 }) =>
    whileLocked(token, async () => {
      const found = await findMigration({ cluster, clusterUid, ec2 }, token)
      refuseUnknown(found)
      const done: string[] = []
      const tell = (text: string): void => {
        done.push(text)
        if (!json) console.log(text)
      }
      if (onlySnapshots) {
        refuseUnused(found)
        await deleteSnapshots(ec2, found.snapshotIds, tell)
      } else {
        if (!discardWrites) refuseUsed(found)
        await undoMigration(cluster, ec2, found, tell)
      }
      if (json) console.log(JSON.stringify(done, null, 2))
      else
        console.log(`Migration ${token}: ${onlySnapshots ? 'its snapshots are gone' : 'undone'}.`)
    }),
  )
}

function refuseUnknown({ token, objects, volumeIds, snapshotIds }: MigrationRemains): void {
  if (objects.length + volumeIds.length + snapshotIds.length > 0) return
  throw new PreflightError(`Nothing carries the mark of a migration ${token}.`, {
    hint: '`zonefall migrate plan`, with the options of the run, says what it is called.',
  })
}

function refuseUsed({ token, uses: [first] }: MigrationRemains): void {
  if (first === undefined) return
  throw new PreflightError(
    `${first} The copies that ${token} made may have what nothing else has.`,
    { hint: 'Add --discard-writes to delete the copies all the same.' },
  )
}

function refuseUnused({ unusedSnapshotIds: [first] }: MigrationRemains): void {
  if (first === undefined) return
  throw new PreflightError(
    `There is no volume that was made of ${first}: it may be the only copy.`,
    {
      hint: 'Go on with the migration first, or undo all of it: leave --only-snapshots out.',
    },
  )
}
