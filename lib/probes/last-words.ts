import type { V1ContainerStatus } from '@kubernetes/client-node'
import type { Cluster } from '../kube/cluster.ts'

/** Why a container doesn't stay up, as far as it is told. */
export interface LastWords {
  readonly restarts: number
  /** Of its latest end; undefined when it never ended. */
  readonly exitCode: number | undefined
  /** The last line of its log that speaks of an error. */
  readonly line: string | undefined
}

const LINES_READ = 300
const TROUBLE = /\b(ERROR|FATAL|Exception|Error)\b/
const MAX_LINE_CHARS = 300

/**
 * What the containers of a pod that won't get ready say of themselves: of the one that restarted most.
 * Undefined when there is no such pod or none of its containers ever ended.
 */
export async function lastWords(
  { core }: Cluster,
  namespace: string,
  name: string,
): Promise<LastWords | undefined> {
  const pod = await core.readNamespacedPod({ namespace, name }).catch(() => undefined)
  const [worst] = (pod?.status?.containerStatuses ?? []).toSorted(
    (a, b) => b.restartCount - a.restartCount,
  )
  if (!worst || worst.restartCount === 0) return undefined
  const log = async (previous: boolean): Promise<string> =>
    core
      .readNamespacedPodLog({
        namespace,
        name,
        container: worst.name,
        previous,
        tailLines: LINES_READ,
      })
      .catch(() => '')
  const line = lineOfTrouble(await log(false)) ?? lineOfTrouble(await log(true))
  return { restarts: worst.restartCount, exitCode: exitCodeOf(worst), line }
}

/** The last line of a log that speaks of an error, cut to a readable length. */
export function lineOfTrouble(log: string): string | undefined {
  const line = log
    .split('\n')
    .findLast((text) => TROUBLE.test(text))
    ?.trim()
  return line === undefined || line.length <= MAX_LINE_CHARS
    ? line
    : `${line.slice(0, MAX_LINE_CHARS)}…`
}

function exitCodeOf({ state, lastState }: V1ContainerStatus): number | undefined {
  return (state?.terminated ?? lastState?.terminated)?.exitCode
}
