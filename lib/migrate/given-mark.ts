import type { Cluster } from '../kube/cluster.ts'

/** What a copy says of the StatefulSet that it was given to: `db/cassandra@UID`, for names repeat. */
export const markOf = (namespace: string, statefulSet: string, uid: string): string =>
  `${namespace}/${statefulSet}@${uid}`

/** The name in a mark, and whether it is of the cluster with this UID. */
export function readMark(
  mark: string,
  uid: string,
): { readonly name: string; readonly isHere: boolean } {
  const [name = '', where] = mark.split('@')
  return { name, isHere: where === uid }
}

/** UID of the namespace kube-system: names a cluster for good, whatever its context is called. */
export async function clusterUid({ core }: Cluster): Promise<string> {
  const { metadata } = await core.readNamespace({ name: 'kube-system' })
  return metadata?.uid ?? ''
}
