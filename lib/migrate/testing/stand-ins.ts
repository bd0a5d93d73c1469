import type { Ec2 } from '../../aws/ec2.ts'
import { parseManifests } from '../../kube/manifests.ts'
import { poll } from '../../std/poll.ts'
import { type InstanceShell, runOn, type ShellHost } from '../instance-shell.ts'
import { launchMachines } from './launch-machines.ts'

/** As a database's, with something in place of the database: what is on the volumes is the point. */
export const STAND_IN_MANIFESTS = parseManifests(
  `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: migrated }
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: Service
metadata: { name: cassandra }
spec: { clusterIP: None, selector: { app: cassandra }, ports: [{ port: 9042 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: cassandra }
spec:
  serviceName: cassandra
  replicas: 2
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: cassandra } }
  template:
    metadata: { labels: { app: cassandra } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: cassandra
          image: docker.io/library/node:24-bookworm-slim
          command: [node, -e, 'setInterval(() => {}, 1e9)']
          ports: [{ containerPort: 9042 }]
          volumeMounts: [{ name: cassandra-data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: cassandra-data }
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: migrated
        resources: { requests: { storage: 1Gi } }
`,
  'test.yaml',
)

/** Its volume has a file with its name. */
const USER_DATA = `#!/bin/bash
set -e
until [ -b /dev/sdf ]; do sleep 0.1; done
mkfs.ext4 -q /dev/sdf
mkdir /data
mount /dev/sdf /data
hostname > /data/who
sync
`

/**
 * Says who the node is, and can be drained; `rm /run/drained` is as if it had been started anew. With
 * `/run/restless` it is soon after it was drained.
 */
const NODETOOL = `cat > /usr/local/bin/nodetool << 'END'
#!/bin/bash
case $1 in
  info) printf 'ID : %s\\nData Center : dc\\nRack : rack\\nToken : 1\\n' "$(hostname)" ;;
  describecluster) printf 'Cluster Information:\\n\\tName: legacy\\n' ;;
  netstats) if [ -e /run/drained ]; then echo 'Mode: DRAINED'; else echo 'Mode: NORMAL'; fi ;;
  drain)
    touch /run/drained
    if [ -e /run/restless ]; then (sleep 1; rm /run/drained) > /dev/null 2>&1 & fi ;;
esac
END
`

/**
 * Launches a machine in each zone with a volume that has its name on it, and no database.
 *
 * @param speaks whether its nodetool answers, as if there were one
 */
export async function launchStandIns(
  ec2: Ec2,
  shell: InstanceShell,
  zones: readonly string[],
  { speaks }: { readonly speaks: boolean },
): Promise<ShellHost[]> {
  const userData = `${USER_DATA}${speaks ? NODETOOL : ''}touch /run/ready\n`
  const launched = await launchMachines(ec2, zones, {
    image: 'zonefall-cassandra-*',
    userData: () => userData,
  })
  for (const machine of launched) {
    await poll(
      { what: `user data of ${machine.instanceId}`, budget: 'exec', intervalMs: 200 },
      async () => {
        const said = await runOn(shell, machine, 'cat /run/ready 2>&1 && echo there || true')
        return said.includes('there') ? { done: true, value: true } : { done: false, seen: said }
      },
    )
  }
  return launched
}
