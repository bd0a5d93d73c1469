import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Cluster } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import { DEFAULT_RULES, type SafetyRules } from '../model/safety-rules.ts'
import type { Capability } from '../model/target.ts'
import { describeCluster } from './describe.ts'
import { reachTarget, type Target } from './target.ts'

/** What can be done on any cluster. */
export const KUBECONFIG_CAPABILITIES: readonly Capability[] = ['exec']

/** By which a person names a cluster. */
export interface ContextOptions {
  /** Default: KUBECONFIG, then ~/.kube/config. */
  readonly kubeconfig?: string
  /** Must be named: a cluster is never touched because it happens to be the current one. */
  readonly context?: string
}

export interface KubeconfigTargetOptions extends ContextOptions {
  readonly namespace: string
  readonly rules?: SafetyRules
}

/**
 * Any cluster whose nodes carry zone labels. Without EC2, so faults stop at what Kubernetes offers.
 *
 * @throws PreflightError when no context is named or the kubeconfig lacks it.
 */
export async function kubeconfigTarget(options: KubeconfigTargetOptions): Promise<Target> {
  const { kubeconfig, context } = needContext(options)
  const cluster = await Cluster.connect({ kubeconfig, context })
  return {
    kind: 'kubeconfig',
    rules: options.rules ?? DEFAULT_RULES,
    lockKey: `cluster ${cluster.kubeconfig.getCurrentCluster()?.server ?? kubeconfig}`,
    start: ({ onStep }) =>
      reachTarget(context, onStep, async () => {
        const { zones, kubernetesVersion, clusterUid } = await describeCluster(kubeconfig, context)
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
      }),
  }
}

/**
 * The kubeconfig and the context in it that the options name.
 *
 * @throws PreflightError when no context is named
 */
export function needContext(options: ContextOptions): {
  readonly kubeconfig: string
  readonly context: string
} {
  const { kubeconfig = defaultKubeconfig(), context } = options
  if (context !== undefined && context !== '') return { kubeconfig, context }
  throw new PreflightError('A cluster that is not the lab has to be named by --context.', {
    hint: `kubectl --kubeconfig ${kubeconfig} config get-contexts lists what there is.`,
  })
}

/** The first file of KUBECONFIG, as kubectl reads it, or ~/.kube/config. */
export function defaultKubeconfig(env: NodeJS.ProcessEnv = process.env): string {
  const [first] = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return first ?? join(homedir(), '.kube', 'config')
}
