import type { FargateProfile } from '@aws-sdk/client-eks'
import type { AccountFacts, ClusterFacts, Request } from './facts.ts'
import type { Refusal } from './refusal.ts'

/** Stands for the name that a run gives a namespace of its own: `zonefall-<run>`. */
const OWN_NAMESPACE = 'zonefall-20260101-000000-aaaa'

/**
 * Fargate profiles that would take the run's pods: their nodes have no zone that could be broken,
 * and no EBS volumes. Source: EKS user guide, "Define which Pods use AWS Fargate when launched".
 */
export function judgeFargate(
  { eksName = 'NAME' }: Request,
  { target, podLabels }: Pick<ClusterFacts, 'target' | 'podLabels'>,
  account: Pick<AccountFacts, 'eks' | 'region'> | undefined,
): Refusal[] {
  const isOwn = target.namespace.startsWith('<')
  const namespace = isOwn ? OWN_NAMESPACE : target.namespace
  return (account?.eks?.fargateProfiles ?? [])
    .filter((profile) => takes(profile, namespace, podLabels))
    .map(({ fargateProfileName: name = '?' }) => ({
      check: 'Fargate',
      text: `The Fargate profile ${name} would take pods of ${isOwn ? "the run's own namespace" : `namespace ${namespace}`}, where they have no EBS volumes and no zone to lose.`,
      todo: `aws eks delete-fargate-profile --region ${account?.region} --cluster-name ${eksName} --fargate-profile-name ${name}, or --namespace with one that its selectors leave out.`,
    }))
}

function takes(
  { selectors = [] }: FargateProfile,
  namespace: string,
  podLabels: ClusterFacts['podLabels'],
): boolean {
  return selectors.some(({ namespace: pattern = '', labels = {} }) => {
    const wanted = Object.entries(labels)
    const hasAll = (pod: Readonly<Record<string, string>>) =>
      wanted.every(([key, value]) => pod[key] !== undefined && isLike(pod[key], value))
    return isLike(namespace, pattern) && (wanted.length === 0 || podLabels.some(hasAll))
  })
}

/** `*` stands for any characters, `?` for one. */
function isLike(text: string, pattern: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`).test(text)
}
