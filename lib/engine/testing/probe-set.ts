import type { V1StatefulSet } from '@kubernetes/client-node'
import type { Cluster } from '../../kube/cluster.ts'
import { poll } from '../../std/poll.ts'

export const NAMESPACE = 'default'
/** A set of three pods, one in each zone, with an EBS volume each; its pods are `probe-0` to `-2`. */
export const SET = 'probe'
/** Container whose process is PID 1, and one whose largest process is a child. */
export const CONTAINERS = { volume: 'volume', child: 'child' } as const

const labels = { app: SET }
/** Has a shell and is on every node of the lab already. */
const IMAGE = 'gcr.io/google-samples/cassandra:v13'
/** Bash that holds some megabytes: larger than the shell that started it. */
const HOG = `x=$(head -c 8000000 /dev/zero | tr '\\0' x); while :; do sleep 3600; done`

/** Deploys the set and waits until its three pods are Ready, each on its volume. */
export async function deployProbeSet(cluster: Cluster): Promise<void> {
  const { apps, storage } = cluster
  await storage.createStorageClass({
    body: {
      metadata: { name: SET },
      provisioner: 'ebs.csi.aws.com',
      parameters: { type: 'gp3' },
      volumeBindingMode: 'Immediate',
      reclaimPolicy: 'Delete',
    },
  })
  await apps.createNamespacedStatefulSet({ namespace: NAMESPACE, body: set() })
  await probeSetReady(cluster)
}

/** Waits until its three pods are Ready, each with all of its containers. */
export async function probeSetReady({ core }: Cluster): Promise<void> {
  await poll({ what: `three pods of ${SET} to be Ready`, budget: 'statefulSetReady' }, async () => {
    const { items } = await core.listNamespacedPod({ namespace: NAMESPACE })
    const ready = items.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
    return ready.length === 3
      ? { done: true, value: true }
      : { done: false, seen: `${ready.length} Ready of ${items.length}` }
  })
}

function set(): V1StatefulSet {
  return {
    metadata: { name: SET },
    spec: {
      replicas: 3,
      podManagementPolicy: 'Parallel',
      serviceName: SET,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: CONTAINERS.volume,
              image: IMAGE,
              imagePullPolicy: 'IfNotPresent',
              command: ['sleep', 'infinity'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
            {
              name: CONTAINERS.child,
              image: IMAGE,
              imagePullPolicy: 'IfNotPresent',
              command: ['sh', '-c', 'bash -c "$HOG"; exit 1'],
              env: [{ name: 'HOG', value: HOG }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: SET,
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
  }
}
