import { execInPod } from '../kube/exec.ts'
import type { Cluster } from '../kube/cluster.ts'
import { InconclusiveError } from '../model/errors.ts'

/** Where a container has a volume mounted. */
export interface Mount {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly path: string
}

/** A new file, on the disk before the command ends: what a database's commit does. */
const WRITE = 'f="$0/.zonefall-io"; dd if=/dev/zero of="$f" bs=512 count=1 conv=fsync && rm -f "$f"'

/**
 * Writes to a volume from inside the pod.
 *
 * @returns undefined when that worked; else what the pod was told: `Input/output error`, or that
 *   it could not be asked
 */
export async function writeFailure(cluster: Cluster, mount: Mount): Promise<string | undefined> {
  const { namespace, pod, container, path } = mount
  try {
    const command = ['sh', '-c', WRITE, path]
    const { exitCode, stderr } = await execInPod(cluster, { namespace, pod, container, command })
    return exitCode === 0 ? undefined : stderr.trim()
  } catch (error) {
    if (!(error instanceof InconclusiveError)) throw error
    return error.message
  }
}

/** Whether a failure is the volume's, rather than of the attempt to ask. */
export function isIoError(failure: string): boolean {
  return /input\/output error|read-only file system|structure needs cleaning|no such device/i.test(
    failure,
  )
}
