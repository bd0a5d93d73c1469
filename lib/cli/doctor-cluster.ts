import { Cluster, explainApiError } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import { describeCluster } from '../targets/describe.ts'
import type { Finding } from './doctor.ts'

/** What a run changes or reads, and so has to be allowed to. */
const NEEDED_RIGHTS = [
  { verb: 'patch', resource: 'nodes', group: '' },
  { verb: 'create', resource: 'namespaces', group: '' },
  { verb: 'delete', resource: 'pods', group: '' },
  { verb: 'create', resource: 'pods', subresource: 'exec', group: '' },
  { verb: 'delete', resource: 'persistentvolumeclaims', group: '' },
  { verb: 'list', resource: 'persistentvolumes', group: '' },
  { verb: 'create', resource: 'statefulsets', group: 'apps' },
  { verb: 'create', resource: 'storageclasses', group: 'storage.k8s.io' },
  { verb: 'list', resource: 'volumeattachments', group: 'storage.k8s.io' },
] as const

/** What a run needs of a cluster. */
export async function checkCluster(
  kubeconfig: string,
  context: string | undefined,
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
  try {
    const { zones, kubernetesVersion } = await describeCluster(kubeconfig, context)
    const sizes = zones.map(({ name, nodes }) => `${name} (${nodes.length} nodes)`).join(', ')
    const cluster = await Cluster.connect({ kubeconfig, context })
    return [
      { check: 'API server', state: 'ok', text: `Kubernetes ${kubernetesVersion}` },
      zones.length >= 3
        ? { check: 'zones', state: 'ok', text: sizes }
        : {
            check: 'zones',
            state: 'problem',
            text: sizes,
            todo: 'Most scenarios need three zones with a node each and are skipped without.',
          },
      await checkRights(cluster),
      await checkDriver(cluster),
    ]
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    return [
      {
        check: 'cluster',
        state: 'problem',
        text: error.message,
        ...(error.hint === undefined ? {} : { todo: error.hint }),
      },
    ]
  }
}

async function checkRights(cluster: Cluster): Promise<Finding> {
  const answers = await Promise.all(
    NEEDED_RIGHTS.map(async (right) => {
      const { status } = await cluster.auth.createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: right } },
      })
      const name =
        'subresource' in right ? `${right.resource}/${right.subresource}` : right.resource
      return { name: `${right.verb} ${name}`, allowed: status?.allowed === true }
    }),
  )
  const missing = answers.filter(({ allowed }) => !allowed).map(({ name }) => name)
  return missing.length === 0
    ? { check: 'rights', state: 'ok', text: `all ${answers.length} that a run uses` }
    : {
        check: 'rights',
        state: 'problem',
        text: `missing: ${missing.join(', ')}`,
        todo: 'Bind a ClusterRole with these rights to the user of this context.',
      }
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
