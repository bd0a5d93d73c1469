import type { V1Pod } from '@kubernetes/client-node'

/** Whether a pod's Ready condition holds and it isn't being deleted. */
export function isPodReady({ metadata, status }: V1Pod): boolean {
  return (
    metadata?.deletionTimestamp === undefined &&
    (status?.conditions ?? []).some(
      ({ type, status: value }) => type === 'Ready' && value === 'True',
    )
  )
}
