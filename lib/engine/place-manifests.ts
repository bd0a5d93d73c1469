import type { ManifestObject } from '../kube/manifests.ts'
import { manifestsWithPulls } from '../kube/pulls.ts'
import { retarget } from '../kube/transforms.ts'
import { NAMESPACE_LABEL, RUN_LABEL } from '../model/run-label.ts'
import type { TargetDescription } from '../model/target.ts'

/**
 * Manifests as a run applies them: as they are in the lab's default namespace, for which they are
 * written; elsewhere moved to the run's namespace, with the names in them that lead to their
 * Services, and labelled.
 */
export function placeManifests(
  objects: readonly ManifestObject[],
  { kind, namespace, pulls }: Pick<TargetDescription, 'kind' | 'namespace' | 'pulls'>,
  runId: string,
): readonly ManifestObject[] {
  if (kind === 'lab' && namespace === 'default' && isForDefault(objects)) return objects
  return retarget(pulls ? manifestsWithPulls(objects, pulls) : objects, {
    namespace,
    suffix: suffixOf(namespace, runId),
    labels: { [RUN_LABEL]: runId, [NAMESPACE_LABEL]: namespace },
  })
}

/** Of the names of what is in no namespace: of the run, and of the file if it has its own namespace. */
function suffixOf(namespace: string, runId: string): string {
  const run = runId.slice(-4)
  const at = namespace.lastIndexOf(run)
  return `-${at === -1 ? run : namespace.slice(at)}`
}

/** Whether none of them is for a namespace of its own, as MySQL's are. */
function isForDefault(objects: readonly ManifestObject[]): boolean {
  return objects.every(
    ({ object: { kind, metadata } }) =>
      kind !== 'Namespace' && (metadata.namespace ?? 'default') === 'default',
  )
}
