import type { V1Pod } from '@kubernetes/client-node'
import { deletionOf } from '../kube/changes.ts'
import { InconclusiveError } from '../model/errors.ts'
import { ROLE_LABEL } from '../model/run-label.ts'
import { explainApiError, orAbsent } from '../kube/cluster.ts'
import { countReasons, parseSchedulerMessage } from '../kube/scheduler-explanation.ts'
import { withPulls } from '../kube/pulls.ts'
import { randomLetters } from '../std/ids.ts'
import { poll, WaitTimeoutError } from '../std/poll.ts'
import type { FaultContext } from './fault.ts'

/** The kubelet's own on many clusters; pulled only where a cordon has no effect. */
const CANARY_IMAGE = 'registry.k8s.io/pause:3.10'

/**
 * Puts a pod that only one zone can take, and sees the scheduler turn it away because the zone's
 * nodes are closed: proof of a cordon from another source than the call that made it.
 *
 * @throws InconclusiveError when the pod is placed, or nothing is said about it in time
 */
export async function seeCanaryRefused(
  context: FaultContext,
  zone: string,
  nodes: readonly string[],
): Promise<void> {
  const { cluster, namespace } = context
  const name = `zonefall-canary-${randomLetters(6)}`
  const { id } = await context.log.change(
    {
      action: `create canary pod ${name} for zone ${zone}`,
      undo: deletionOf('Pod', namespace, name),
    },
    async () => {
      try {
        return await cluster.core.createNamespacedPod({
          namespace,
          body: canaryPod(name, zone, context),
        })
      } catch (error) {
        throw new InconclusiveError(`The canary pod was refused: ${explainApiError(error)}`, {
          cause: error,
        })
      }
    },
  )
  try {
    await poll(
      {
        what: `the scheduler to turn canary ${name} away from zone ${zone}`,
        budget: 'schedulerExplains',
        intervalMs: 200,
      },
      async () => {
        const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
        const refused = judgeCanary(pod, zone, nodes)
        return refused === true ? { done: true, value: true } : { done: false, seen: refused }
      },
    )
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new InconclusiveError(`The cordon of zone ${zone} was not observed by the scheduler.`, {
      cause: error,
    })
  } finally {
    await orAbsent(cluster.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 }))
    context.log.undone(id)
  }
}

/**
 * @returns true when the scheduler turned it away for the cordon of all of the zone's nodes; else
 *   what was seen
 * @throws InconclusiveError when it was placed
 */
function judgeCanary(
  pod: V1Pod | undefined,
  zone: string,
  nodes: readonly string[],
): true | string {
  if (!pod) return 'no such pod'
  if (pod.spec?.nodeName !== undefined) {
    throw new InconclusiveError(
      `The cordon of zone ${zone} has no effect: a pod for this zone was put on ${pod.spec.nodeName}.`,
      { hint: 'Is there another node in the zone that the run may not touch?' },
    )
  }
  const said = (pod.status?.conditions ?? []).find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  )?.message
  const explanation = said === undefined ? undefined : parseSchedulerMessage(said)
  if (!explanation) return said ?? 'not looked at by the scheduler yet'
  const counts = countReasons(explanation)
  const closed = (counts.get('unschedulable') ?? 0) + (counts.get('untolerated-taint') ?? 0)
  return closed >= nodes.length ? true : explanation.message
}

function canaryPod(
  name: string,
  zone: string,
  { labels, pulls = {} }: Pick<FaultContext, 'labels' | 'pulls'>,
): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { ...labels, [ROLE_LABEL]: 'canary' } },
    spec: withPulls(
      {
        nodeSelector: { 'topology.kubernetes.io/zone': zone },
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        containers: [
          {
            name: 'pause',
            image: CANARY_IMAGE,
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
              runAsNonRoot: true,
              runAsUser: 65_535,
              seccompProfile: { type: 'RuntimeDefault' },
            },
          },
        ],
      },
      pulls,
    ),
  }
}
