import { Aws } from '../aws/aws.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { clearTarget } from '../engine/preflight/preflight.ts'
import { Cluster } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import { PreflightError } from '../model/errors.ts'
import type { TargetDescription } from '../model/target.ts'
import { isLocked, tryLock } from '../std/lock-file.ts'
import { findRunningLab } from '../targets/running-lab.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'

/** A cluster and the account of its nodes, between which volumes are copied. */
export interface MigrationTarget {
  readonly description: TargetDescription
  /** UID of the namespace kube-system: names the cluster for good. */
  readonly clusterUid: string
  readonly cluster: Cluster
  readonly ec2: Ec2
}

/**
 * Does something with the target of a migration, which is closed then.
 *
 * @param changes what will be applied, when something is to be changed: the owner's consent, the
 *   account and whether it is production are looked at then, as for a run
 * @throws PreflightError when the target is not there, or may not be changed
 */
export async function withMigrationTarget(
  options: TargetOptions,
  changes: readonly ManifestObject[] | undefined,
  act: (target: MigrationTarget) => Promise<void>,
): Promise<void> {
  const target = await chooseTarget(options)
  if (target.kind === 'lab' && !(await findRunningLab())) {
    throw new PreflightError('The lab is down.', { hint: 'npx zonefall lab up boots it.' })
  }
  const { signal } = new AbortController()
  const started = await target.start({ onStep: () => undefined, signal })
  try {
    if (changes !== undefined && target.rules !== undefined) {
      const { rules } = target
      await clearTarget(started, {
        rules,
        faults: [],
        plannedMs: 0,
        manifests: () => Promise.resolve([...changes]),
      })
    }
    const { description, clusterUid } = started
    if (description.aws === undefined) {
      throw new PreflightError('A migration copies volumes of EC2, which this target has not.', {
        hint: 'Use --target eks.',
      })
    }
    const aws = new Aws(description.aws)
    try {
      await act({
        description,
        clusterUid,
        cluster: await Cluster.connect(description),
        ec2: await aws.ec2(),
      })
    } finally {
      await aws.close()
    }
  } finally {
    await started.stop()
  }
}

/**
 * Changes something of one migration while no other command on this machine does.
 *
 * @throws PreflightError when one does
 */
export async function whileLocked(token: string, change: () => Promise<void>): Promise<void> {
  const lock = await tryLock(`migration ${token}`, token)
  if (!isLocked(lock)) {
    throw new PreflightError(`Another command is at work on ${token} since ${lock.since}.`, {
      hint: 'Wait for its end, or end it with Ctrl-C.',
    })
  }
  try {
    await change()
  } finally {
    await lock.release()
  }
}
