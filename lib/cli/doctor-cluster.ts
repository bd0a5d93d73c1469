import { Cluster, explainApiError, statusOf } from '../kube/cluster.ts'
import { explainMissing, missingRights } from '../engine/preflight/missing-rights.ts'
import { PreflightError } from '../model/errors.ts'
import { describeCluster } from '../targets/describe.ts'
import type { Finding } from './doctor.ts'

/**
 * What a run needs of a cluster.
 *
 * @param namespace that the run is to use; undefined: it makes one of its own
 */
export async function checkCluster(
  kubeconfig: string,
  context: string | undefined,
  namespace?: string,
): Promise<Finding[]> {
  if (context === undefined) {
    return [
      {
        check: 'context',
        state: 'problem',
        text: 'none is named',
        todo: 'A cluster that is not the lab has to be named by --context.',
      },
    ]
  }
  let cluster: Cluster
  try {
    cluster = await Cluster.connect({ kubeconfig, context })
  } catch (error) {
    if (error instanceof PreflightError) return [problemOf(error)]
    throw error
  }
  const zones = await checkZones(kubeconfig, context)
  // Without an answer there is nothing more to ask; without a right there is.
  if (!zones.isAnswering) return zones.findings
  return [...zones.findings, ...(await checkRights(cluster, namespace)), await checkDriver(cluster)]
}

async function checkZones(
  kubeconfig: string,
  context: string,
): Promise<{ readonly findings: Finding[]; readonly isAnswering: boolean }> {
  try {
    const { zones, kubernetesVersion } = await describeCluster(kubeconfig, context)
    const sizes = zones
      .map(
        ({ name, nodes }) => `${name} (${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'})`,
      )
      .join(', ')
    const findings: Finding[] = [
      { check: 'API server', state: 'ok', text: `Kubernetes ${kubernetesVersion}` },
      zones.length >= 3
        ? { check: 'zones', state: 'ok', text: sizes }
        : {
            check: 'zones',
            state: 'problem',
            text: sizes,
            todo: 'Most scenarios need three zones with a node each and are skipped without.',
          },
    ]
    return { findings, isAnswering: true }
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    const { cause } = error
    // A cluster without zones has answered: that has no cause.
    const isAnswering = cause === undefined || statusOf(cause) === 403
    return { findings: [problemOf(error)], isAnswering }
  }
}

function problemOf({ message, hint }: PreflightError): Finding {
  return {
    check: 'cluster',
    state: 'problem',
    text: message,
    ...(hint === undefined ? {} : { todo: hint }),
  }
}

/** One line for each kind of object with which the user may not do all that a run does. */
async function checkRights(cluster: Cluster, namespace: string | undefined): Promise<Finding[]> {
  try {
    return await reviewRights(cluster, namespace)
  } catch (error) {
    return [
      {
        check: 'rights',
        state: 'problem',
        text: explainApiError(error),
        todo: 'The user of this context should be in the ClusterRoleBinding system:basic-user.',
      },
    ]
  }
}

async function reviewRights(cluster: Cluster, namespace: string | undefined): Promise<Finding[]> {
  const { missing, asked } = await missingRights(cluster, namespace)
  if (missing.length === 0) {
    return [{ check: 'rights', state: 'ok', text: `all ${asked} that a run uses` }]
  }
  return missing.map((right) => ({ check: 'right', state: 'problem', ...explainMissing(right) }))
}

async function checkDriver(cluster: Cluster): Promise<Finding> {
  try {
    const { items } = await cluster.storage.listCSIDriver()
    const names = items.map(({ metadata }) => metadata?.name ?? '?')
    return names.includes('ebs.csi.aws.com')
      ? { check: 'CSI driver', state: 'ok', text: 'ebs.csi.aws.com' }
      : {
          check: 'CSI driver',
          state: 'problem',
          text: `ebs.csi.aws.com is not installed; there are: ${names.join(', ') || 'none'}`,
          todo: 'Install the EBS CSI driver (on EKS: the add-on aws-ebs-csi-driver).',
        }
  } catch (error) {
    return {
      check: 'CSI driver',
      state: 'problem',
      text: explainApiError(error),
      todo: 'The user of this context should be allowed to list CSIDrivers.',
    }
  }
}
