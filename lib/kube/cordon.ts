import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { type Cluster, orAbsent } from './cluster.ts'

/** Gives a node's `spec.unschedulable` a value, if it has another; a node that is gone is left. */
export async function setUnschedulable(
  cluster: Cluster,
  name: string,
  value: boolean,
): Promise<void> {
  const node = await orAbsent(cluster.core.readNode({ name }))
  if (!node || (node.spec?.unschedulable ?? false) === value) return
  await orAbsent(
    cluster.core.patchNode(
      { name, body: { spec: { unschedulable: value ? true : null } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    ),
  )
}
