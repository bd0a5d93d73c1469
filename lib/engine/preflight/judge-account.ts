import type { AccountFacts, ClusterFacts, Request } from './facts.ts'
import { plural } from './judge-scope.ts'
import type { Refusal } from './refusal.ts'

/** Whether the credentials are of the account that the nodes are in, and last as long as the run. */
export function judgeAccount(
  { plannedMs, eksName }: Request,
  { target: { context, zones, legacy } }: Pick<ClusterFacts, 'target'>,
  { identity, instances, region, eks, caData }: AccountFacts,
  nowEpochMs: number,
): Refusal[] {
  const ids = zones.flatMap((zone) => zone.nodes.flatMap(({ instanceId }) => instanceId ?? []))
  const seen = new Set(instances.map(({ id }) => id))
  const strayed = (legacy?.instances ?? []).filter((id) => !seen.has(id) || ids.includes(id))
  const unseen = ids.filter((id) => !seen.has(id))
  const owners = [...new Set(instances.map(({ ownerId }) => ownerId))]
  const foreign = owners.filter((owner) => owner !== identity.account)
  const other =
    'AWS_PROFILE=NAME aws sts get-caller-identity shows whose a profile is; then run with that AWS_PROFILE.'
  return [
    ...(foreign.length === 0
      ? []
      : [
          {
            check: 'account',
            text: `The credentials are of account ${identity.account} (${identity.arn}), but the nodes of context ${context} belong to account ${foreign.join(', ')}.`,
            todo: other,
          },
        ]),
    ...(unseen.length === 0
      ? []
      : [
          {
            check: 'account',
            text: `Account ${identity.account} has no ${plural('instance', unseen)} ${unseen.join(', ')} in ${region}, where nodes of context ${context} run.`,
            todo: other,
          },
        ]),
    ...(strayed.length === 0
      ? []
      : [
          {
            check: 'legacy ring',
            text: `Of the legacy ring in the settings ${strayed.join(', ')} ${strayed.length === 1 ? 'is' : 'are'} no instance of account ${identity.account} in ${region} outside the cluster.`,
            todo: 'Correct `legacy.instances` in zonefall.config.ts, or take `legacy` out.',
          },
        ]),
    ...(caData !== undefined &&
    eks?.cluster.certificateAuthority?.data !== undefined &&
    eks.cluster.certificateAuthority.data.trim() !== caData.trim()
      ? [
          {
            check: 'cluster',
            text: `The context ${context} does not lead to the EKS cluster ${eksName} of account ${identity.account}: their certificates differ.`,
            todo: `aws eks update-kubeconfig --region ${region} --name ${eksName} writes a context that does.`,
          },
        ]
      : []),
    ...judgeExpiry(identity, plannedMs, nowEpochMs),
  ]
}

function judgeExpiry(
  { expiresAt, isFixedSession }: AccountFacts['identity'],
  plannedMs: number,
  nowEpochMs: number,
): Refusal[] {
  if (!isFixedSession || expiresAt === undefined) return []
  const left = expiresAt.getTime() - nowEpochMs
  if (left >= plannedMs) return []
  return [
    {
      check: 'credentials',
      text: `The AWS credentials expire in ${inMinutes(left)}, nothing renews them, and the run may take ${inMinutes(plannedMs)}.`,
      todo: 'Use a profile that renews them (aws configure sso, role_arn), or get a longer session; --time-limit shortens the run.',
    },
  ]
}

function inMinutes(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
}

/** Gives the role of the credentials what a run needs. */
export const ATTACH_POLICY =
  'aws iam attach-role-policy --role-name ROLE --policy-arn POLICY; manifests/access/README.md says how the policy is made of manifests/access/iam-policy.json.'

/** Errors by which AWS says that there are no credentials, or no longer. */
const EXPIRED = /^(Expired|TokenRefreshRequired|RequestExpired|SSOTokenProvider)|expired/i
const UNKNOWN = [
  'AuthFailure',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
]

/** What an error of AWS means, and what mends it; undefined of one that is nothing of this. */
export function judgeAwsError(error: unknown, profile: string | undefined): Refusal | undefined {
  if (!(error instanceof Error)) return undefined
  const { name, message } = error
  const of = profile === undefined ? '' : ` --profile ${profile}`
  const said = message.split('\n')[0] ?? name
  if (EXPIRED.test(name) || (isCredentialsError(name) && EXPIRED.test(message))) {
    return {
      check: 'credentials',
      text: `The AWS credentials have expired: ${trimmed(said)}.`,
      todo: `aws sso login${of}, or set new keys; aws sts get-caller-identity${of} then works.`,
    }
  }
  if (isCredentialsError(name)) {
    return {
      check: 'credentials',
      text: `There are no AWS credentials: ${trimmed(said)}.`,
      todo: `aws configure sso${of}, or set AWS_PROFILE; aws sts get-caller-identity then works.`,
    }
  }
  if (UNKNOWN.includes(name)) {
    return {
      check: 'credentials',
      text: `AWS does not accept the credentials: ${trimmed(said)}.`,
      todo: `aws sts get-caller-identity${of} should work first.`,
    }
  }
  if (/^(UnauthorizedOperation|AccessDenied)/.test(name)) {
    return {
      check: 'rights',
      text: `The AWS credentials may not do what a run needs: ${trimmed(said)}.`,
      todo: ATTACH_POLICY,
    }
  }
  return undefined
}

function isCredentialsError(name: string): boolean {
  return (
    name === 'CredentialsProviderError' || name === 'TokenProviderError' || name === 'ProviderError'
  )
}

function trimmed(text: string): string {
  return text.replace(/\.$/, '')
}
