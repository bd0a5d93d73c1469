import type { V1NetworkPolicy } from '@kubernetes/client-node'
import { applyObjects } from '../kube/apply.ts'
import { orAbsent } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import { PreflightError } from '../model/errors.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import { secretCopies } from './find-secrets.ts'
import { CONSENT } from './preflight/consent.ts'
import type { Run } from './run.ts'

/** Name of the policy by which pods of a run's own namespace may talk. */
export const ALLOW_POLICY = 'zonefall-allow'

/**
 * Gives a namespace that the run has just made on a shared cluster what its pods need there: a
 * NetworkPolicy that lets them talk, for many clusters put one that forbids it into every new
 * namespace, and policies add up; and the Secret that images are pulled with.
 *
 * @throws PreflightError when the Secret is nowhere
 */
export async function furnishNamespace(run: Run, namespace: string): Promise<void> {
  if (run.target.kind === 'lab') return
  const policy = { object: allowPolicy(run.id, namespace), origin: 'zonefall' }
  const { pullSecret } = run.target.pulls ?? {}
  const secrets = pullSecret === undefined ? [] : await pullSecretFor(run, pullSecret)
  await applyObjects(run.cluster, run.journal, [policy, ...secrets], {
    namespace,
    scope: 'file',
    scenario: 'run',
  })
}

/**
 * Of a namespace that was there before, which the run leaves as it is.
 *
 * @throws PreflightError when the Secret that images are pulled with is not in it
 */
export async function needPullSecret(
  { cluster, target }: Pick<Run, 'cluster' | 'target'>,
  namespace: string,
): Promise<void> {
  const { pullSecret: name } = target.pulls ?? {}
  if (name === undefined) return
  if (await orAbsent(cluster.core.readNamespacedSecret({ name, namespace }))) return
  throw new PreflightError(
    `The Secret ${name} that images are pulled with is not in namespace ${namespace}.`,
    { hint: 'Make it there, or leave --namespace away: a run copies it into one of its own.' },
  )
}

function allowPolicy(
  runId: string,
  namespace: string,
): V1NetworkPolicy & { metadata: { name: string } } {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: ALLOW_POLICY, namespace, labels: { [RUN_LABEL]: runId } },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{}],
      egress: [{}],
    },
  }
}

async function pullSecretFor({ cluster, id }: Run, name: string): Promise<ManifestObject[]> {
  const { namespace } = CONSENT
  const found = await orAbsent(cluster.core.readNamespacedSecret({ name, namespace }))
  if (found) return secretCopies([found], id)
  throw new PreflightError(
    `The Secret ${name} that images are pulled with is not in namespace ${namespace}, from which a run copies it.`,
    {
      hint: `kubectl --context ${cluster.context} -n ${namespace} create secret docker-registry ${name} --docker-server=… --docker-username=… --docker-password=…`,
    },
  )
}
