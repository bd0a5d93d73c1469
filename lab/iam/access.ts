/** What is known of a request when a policy's conditions are looked at: values by condition key. */
export type ConditionKeys = ReadonlyMap<string, readonly string[]>

/** One thing that a caller wants to do, to one resource. */
export interface AccessRequest {
  /** `ec2:StopInstances` */
  readonly action: string
  /** An ARN; `*` where an action supports no resource-level permissions. */
  readonly resource: string
  /** By their names in lower case: `aws:resourcetag/team`. */
  readonly keys: ConditionKeys
}

/** `denied` by a statement that says so; `not allowed` where none speaks for it. */
export type Access = 'allowed' | 'denied' | 'not allowed'

/** May `accessKeyId` do it? */
export type Authorize = (accessKeyId: string, request: AccessRequest) => Access

/** A user of the lab's account; every key has one of its own. */
export const userArn = (accountId: string, accessKeyId: string): string =>
  `arn:aws:iam::${accountId}:user/${accessKeyId}`

/**
 * Why a request is refused, in AWS's words; undefined when it isn't. Source: IAM user guide,
 * "Troubleshoot access denied error messages".
 */
export function denialOf(
  caller: { readonly accessKeyId: string; readonly authorize: Authorize },
  accountId: string,
  request: AccessRequest,
): string | undefined {
  const access = caller.authorize(caller.accessKeyId, request)
  if (access === 'allowed') return undefined
  const { action, resource } = request
  const user = userArn(accountId, caller.accessKeyId)
  const on = resource === '*' ? '' : ` on resource: ${resource}`
  const why =
    access === 'denied'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`
  return `User: ${user} is not authorized to perform: ${action}${on} ${why}`
}
