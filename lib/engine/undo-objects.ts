import { type KubernetesObject, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { orAbsent } from '../kube/cluster.ts'
import type { Undo } from '../model/journal.ts'
import { deleteOneClaim } from './undo-claims.ts'
import { deleteByUid, describeRemains, isOurs, untilGone, type UndoTools } from './undo-tools.ts'

/** Kinds whose pods should be gone before what they mount is deleted. */
const OWNERS_OF_PODS = new Set(['StatefulSet', 'Deployment', 'DaemonSet', 'ReplicaSet', 'Job'])

/** Deletes what a run made, by its uid, and waits for its end where that was asked for. */
export async function deleteObject(
  undo: Extract<Undo, { kind: 'delete-object' }>,
  madeUid: string | undefined,
  tools: UndoTools,
): Promise<void> {
  if (undo.objectKind === 'PersistentVolumeClaim' && undo.namespace !== undefined) {
    return deleteOneClaim(undo, undo.namespace, madeUid, tools)
  }
  const { objects } = tools.cluster
  const header = {
    apiVersion: undo.apiVersion,
    kind: undo.objectKind,
    metadata: {
      name: undo.name,
      ...(undo.namespace === undefined ? {} : { namespace: undo.namespace }),
    },
  }
  const read = (): Promise<KubernetesObject | undefined> => orAbsent(objects.read(header))
  const found = await read()
  if (!found || !isOurs(found, madeUid, tools)) return
  const uid = found.metadata?.uid
  const policy = undo.awaitGone && OWNERS_OF_PODS.has(undo.objectKind) ? 'Foreground' : 'Background'
  if (!(await deleteByUid(tools.cluster, header, uid, policy))) return
  if (!undo.awaitGone) return
  await untilGone(`${undo.objectKind} ${undo.name}`, 'undoOne', tools.signal, async () => {
    const left = await read()
    return left && left.metadata?.uid === uid ? describeRemains(left) : undefined
  })
}

/** Gives a StatefulSet its number of replicas back and waits until the surplus is gone. */
export async function scaleStatefulSet(
  undo: Extract<Undo, { kind: 'scale-statefulset' }>,
  { cluster, signal }: UndoTools,
): Promise<void> {
  const { name, namespace, replicas } = undo
  const read = () => orAbsent(cluster.apps.readNamespacedStatefulSet({ name, namespace }))
  const found = await read()
  if (!found) return
  if (found.spec?.replicas !== replicas) {
    const scaled = await orAbsent(
      cluster.apps.patchNamespacedStatefulSetScale(
        { name, namespace, body: { spec: { replicas } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      ),
    )
    if (!scaled) return
  }
  // Pods beyond the count drain before they go; pods that are missing come back in their own time.
  await untilGone(
    `pods of StatefulSet ${name} beyond ${replicas}`,
    'statefulSetScaled',
    signal,
    async () => {
      const now = await read()
      if (!now) return undefined
      const { observedGeneration = 0, replicas: count = 0 } = now.status ?? {}
      // Until the controller has seen the new number its count is of the old one.
      if (observedGeneration < (now.metadata?.generation ?? 0)) return 'not seen by the controller'
      return count > replicas ? `${count} replicas` : undefined
    },
  )
}
