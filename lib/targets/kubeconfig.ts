import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Cluster } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import type { Capability } from '../model/target.ts'
import { describeCluster } from './describe.ts'
import type { Target } from './target.ts'

/** What can be done on any cluster. */
export const KUBECONFIG_CAPABILITIES: readonly Capability[] = ['exec']

export interface KubeconfigTargetOptions {
  /** Default: KUBECONFIG, then ~/.kube/config. */
  readonly kubeconfig?: string
  /** Must be named: a cluster is never touched because it happens to be the current one. */
  readonly context?: string
  readonly namespace: string
}

/**
 * Any cluster whose nodes carry zone labels. Without EC2, so faults stop at what Kubernetes offers.
 *
 * @throws PreflightError when no context is named or the kubeconfig lacks it.
 */
export async function kubeconfigTarget(options: KubeconfigTargetOptions): Promise<Target> {
  const kubeconfig = options.kubeconfig ?? defaultKubeconfig()
  const { context } = options
  if (context === undefined || context === '') {
    throw new PreflightError('A cluster that is not the lab has to be named by --context.', {
      hint: `kubectl --kubeconfig ${kubeconfig} config get-contexts lists what there is.`,
    })
  }
  const cluster = await Cluster.connect({ kubeconfig, context })
  return {
    kind: 'kubeconfig',
    lockKey: `cluster ${cluster.kubeconfig.getCurrentCluster()?.server ?? kubeconfig}`,
    start: async ({ onStep }) => {
      const startedMs = performance.now()
      const step = { id: 'reach-cluster', text: `Reach the cluster of context ${context}` }
      onStep({ ...step, state: 'begin' })
      const elapsedMs = (): number => Math.round(performance.now() - startedMs)
      try {
        const { zones, kubernetesVersion, clusterUid } = await describeCluster(kubeconfig, context)
        onStep({ ...step, state: 'end', elapsedMs: elapsedMs() })
        return {
          clusterUid,
          owned: false,
          stop: () => Promise.resolve(),
          description: {
            kind: 'kubeconfig',
            kubeconfig,
            context,
            namespace: options.namespace,
            zones,
            capabilities: KUBECONFIG_CAPABILITIES,
            images: [],
            differences: [],
            kubernetesVersion,
          },
        }
      } catch (error) {
        onStep({ ...step, state: 'fail', elapsedMs: elapsedMs() })
        throw error
      }
    },
  }
}

/** The first file of KUBECONFIG, as kubectl reads it, or ~/.kube/config. */
export function defaultKubeconfig(env: NodeJS.ProcessEnv = process.env): string {
  const [first] = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return first ?? join(homedir(), '.kube', 'config')
}
