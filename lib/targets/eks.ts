import { Cluster } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import { DEFAULT_RULES, type SafetyRules } from '../model/safety-rules.ts'
import type { AwsAccess, Capability, LegacyRing } from '../model/target.ts'
import { describeCluster } from './describe.ts'
import { readEksContext } from './eks-context.ts'
import { needContext, type ContextOptions } from './kubeconfig.ts'
import { reachTarget, type StartedTarget, type Target } from './target.ts'

/** What can be done on EKS. */
export const EKS_CAPABILITIES: readonly Capability[] = ['exec', 'ec2', 'nacl']

export interface EksTargetOptions extends ContextOptions {
  readonly namespace: string
  readonly rules?: SafetyRules
  /** Default: AWS_PROFILE, then the profile with which the context gets its tokens. */
  readonly profile?: string
  readonly legacy?: LegacyRing
}

/**
 * An EKS cluster, with the faults of EC2. Whether it may be touched is for preflight to say: this
 * only finds the way there.
 *
 * @throws PreflightError when no context is named or the kubeconfig lacks it.
 */
export async function eksTarget(options: EksTargetOptions): Promise<Target> {
  const { kubeconfig, context } = needContext(options)
  const cluster = await Cluster.connect({ kubeconfig, context })
  return {
    kind: 'eks',
    rules: options.rules ?? DEFAULT_RULES,
    lockKey: `cluster ${cluster.kubeconfig.getCurrentCluster()?.server ?? kubeconfig}`,
    start: ({ onStep }) =>
      reachTarget(context, onStep, async () => ({
        ...(await describeEks({ ...options, kubeconfig, context })),
        owned: false,
        stop: () => Promise.resolve(),
      })),
  }
}

/** How a cluster with EC2 behind it is reached. */
interface EksAccess {
  readonly kubeconfig: string
  readonly context: string
  readonly namespace: string
  readonly profile?: string
  /** With endpoints and keys of its own, which nothing needs to be found out for. */
  readonly aws?: AwsAccess
  readonly legacy?: LegacyRing
}

/**
 * Asks a cluster who it is, and where the AWS behind it is. The lab is such a cluster too.
 *
 * @throws PreflightError when it can't be reached or says contradictory things
 */
export async function describeEks(
  access: EksAccess,
): Promise<Pick<StartedTarget, 'clusterUid' | 'description' | 'eks'>> {
  const { kubeconfig, context, namespace, legacy } = access
  const { zones, kubernetesVersion, clusterUid } = await describeCluster(kubeconfig, context)
  const cluster = await Cluster.connect({ kubeconfig, context })
  const { items: nodes } = await cluster.core.listNode()
  const found = readEksContext(cluster.kubeconfig, nodes)
  if (!zones.some((zone) => zone.nodes.some(({ instanceId }) => instanceId !== undefined))) {
    throw new PreflightError(`No node of context ${context} is an EC2 instance.`, {
      hint: 'Faults without EC2 work on any cluster: --target kubeconfig.',
    })
  }
  const profile = access.profile ?? (process.env['AWS_PROFILE'] ? undefined : found.profile)
  return {
    clusterUid,
    eks: {
      ...(found.clusterName === undefined ? {} : { clusterName: found.clusterName }),
      ...(found.account === undefined ? {} : { account: found.account }),
    },
    description: {
      kind: 'eks',
      kubeconfig,
      context,
      namespace,
      zones,
      capabilities: [...EKS_CAPABILITIES, ...(legacy === undefined ? [] : (['legacy'] as const))],
      ...(legacy === undefined ? {} : { legacy }),
      aws: access.aws ?? { region: found.region, ...(profile === undefined ? {} : { profile }) },
      images: [],
      differences: [],
      kubernetesVersion,
    },
  }
}
