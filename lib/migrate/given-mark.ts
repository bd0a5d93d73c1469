/** What a copy says of the StatefulSet that it was given to: `db/cassandra@UID`, for names repeat. */
export const markOf = (
  { namespace, statefulSet }: { readonly namespace: string; readonly statefulSet: string },
  uid: string,
): string => `${namespace}/${statefulSet}@${uid}`

/** The name in a mark, and whether it is of the cluster with this UID, that of its kube-system. */
export function readMark(
  mark: string,
  uid: string,
): { readonly name: string; readonly isHere: boolean } {
  const [name = '', where] = mark.split('@')
  return { name, isHere: where === uid }
}
