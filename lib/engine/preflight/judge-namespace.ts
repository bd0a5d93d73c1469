import type { V1LabelSelector, V1NetworkPolicy, V1NetworkPolicyPeer } from '@kubernetes/client-node'
import type { ClusterFacts } from './facts.ts'
import type { Refusal } from './refusal.ts'

type Direction = 'Ingress' | 'Egress'

/** Whether a namespace that is there would let the run's pods in, and let them talk. */
export function judgeNamespace({
  target,
  networkPolicies,
  podRefusals,
  podsAskedIn,
}: Pick<ClusterFacts, 'target' | 'networkPolicies' | 'podRefusals' | 'podsAskedIn'>): Refusal[] {
  const { namespace, context } = target
  const policies = (['Ingress', 'Egress'] as const).flatMap((direction): Refusal[] => {
    const denying = denyingPolicy(networkPolicies, direction)
    if (denying === undefined) return []
    return [
      {
        check: 'NetworkPolicy',
        text: `The NetworkPolicy ${denying} lets no ${direction === 'Ingress' ? 'connection in from' : 'connection out to'} other pods of namespace ${namespace}${direction === 'Egress' ? ' and DNS' : ''}.`,
        todo: `Leave --namespace away, and the run has one of its own; or allow it: kubectl --context ${context} -n ${namespace} edit networkpolicy ${denying}`,
      },
    ]
  })
  return [
    ...podRefusals.map((text): Refusal => {
      const label = 'pod-security.kubernetes.io/enforce=privileged'
      if (podsAskedIn === namespace) {
        return {
          check: 'Pod Security',
          text: `The namespace ${namespace} would not take the pods: ${text}.`,
          todo: `Leave --namespace away, and the run has one of its own; or: kubectl --context ${context} label namespace ${namespace} --overwrite ${label}`,
        }
      }
      return {
        check: 'Pod Security',
        text: `The cluster would not take the pods in a new namespace, as in ${podsAskedIn}: ${text}.`,
        todo: `Have them comply, with --manifests; or let a namespace take them: kubectl --context ${context} create namespace NAME && kubectl --context ${context} label namespace NAME ${label}, and --namespace NAME.`,
      }
    }),
    ...policies,
  ]
}

/** The policy by which all pods are cut off from one another; undefined when they can talk. */
export function denyingPolicy(
  policies: readonly V1NetworkPolicy[],
  direction: Direction,
): string | undefined {
  const forAll = policies.filter(
    ({ spec }) =>
      isEverything(spec?.podSelector) &&
      (spec?.policyTypes?.includes(direction) ??
        (direction === 'Ingress' || spec?.egress !== undefined)),
  )
  // One that allows it is enough: policies add up.
  if (forAll.some((policy) => allowsPeers(policy, direction))) return undefined
  return forAll[0]?.metadata?.name
}

function allowsPeers({ spec }: V1NetworkPolicy, direction: Direction): boolean {
  if (direction === 'Ingress') {
    return (spec?.ingress ?? []).some(({ _from, ports }) => includesPeers(_from) && !ports?.length)
  }
  return (spec?.egress ?? []).some(({ to, ports }) => !to?.length && !ports?.length)
}

/** No peers at all means everybody. */
function includesPeers(peers: readonly V1NetworkPolicyPeer[] | undefined): boolean {
  return (
    peers === undefined ||
    peers.length === 0 ||
    peers.some(({ podSelector, namespaceSelector, ipBlock }) =>
      ipBlock
        ? ipBlock.cidr === '0.0.0.0/0'
        : podSelector
          ? isEverything(podSelector) &&
            (namespaceSelector === undefined || isEverything(namespaceSelector))
          : isEverything(namespaceSelector),
    )
  )
}

function isEverything(selector: V1LabelSelector | undefined): boolean {
  return (
    selector !== undefined &&
    Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0
  )
}
