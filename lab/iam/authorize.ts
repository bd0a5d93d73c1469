import type { Access, AccessRequest, Authorize } from './access.ts'
import { conditionHolds } from './conditions.ts'
import type { Policy, Statement } from './policy.ts'
import { matches, matchesArn } from './wildcard.ts'

/**
 * What the policies of one user say to a request: a denial wins, then an allowance. Source: IAM
 * user guide, "Policy evaluation logic".
 */
export function evaluate(policies: readonly Policy[], request: AccessRequest): Access {
  const applying = policies
    .flatMap(({ Statement }) => Statement)
    .filter((statement) => applies(statement, request))
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'denied'
  return applying.length > 0 ? 'allowed' : 'not allowed'
}

/** Evaluates the policies of the keys that have some; any other key may do everything. */
export function createAuthorize(policies: ReadonlyMap<string, readonly Policy[]>): Authorize {
  return (accessKeyId, request) => {
    const own = policies.get(accessKeyId)
    return own === undefined ? 'allowed' : evaluate(own, request)
  }
}

function applies(statement: Statement, { action, resource, keys }: AccessRequest): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  const named = (patterns: readonly string[]) =>
    patterns.some((pattern) => matches(pattern, action, true))
  const meant = (patterns: readonly string[]) =>
    patterns.some((pattern) => matchesArn(pattern, resource))
  return (
    (Action === undefined ? !named(NotAction ?? []) : named(Action)) &&
    (Resource === undefined ? !meant(NotResource ?? []) : meant(Resource)) &&
    conditionHolds(Condition, keys)
  )
}
