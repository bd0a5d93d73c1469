import { denialOf } from '../iam/access.ts'
import { ec2AccessRequests } from '../iam/ec2-resources.ts'
import type { Action, Prepared } from './action.ts'
import { ACTIONS } from './actions.ts'
import { ApiError, invalidAction } from './api-error.ts'
import type { Ec2Context } from './context.ts'
import { forgetTerminated } from './instances/forget-terminated.ts'
import type { Form } from './wire/parameters.ts'
import type { Caller } from './wire/query-service.ts'
import type { XmlObject } from './wire/xml.ts'

const BY_NAME: ReadonlyMap<string, Action> = new Map(ACTIONS.map((one) => [one.name, one]))

/**
 * Does one call, whoever makes it: everything that changes the account goes through here.
 * `seen` is the account as this caller sees it, which may be a little behind. Throws ApiError; a
 * dry run that would have succeeded throws DryRunOperation, as EC2 does.
 */
export function perform(
  context: Ec2Context,
  caller: Caller,
  name: string,
  form: Form,
  seen: Ec2Context = context,
): XmlObject | Promise<XmlObject> {
  const action = BY_NAME.get(name)
  if (action === undefined) {
    throw invalidAction(`The action ${name} is not valid for this web service.`)
  }
  checkAccess(context, caller, name, form)
  forgetTerminated(context)
  const reads = name.startsWith('Describe')
  if (!reads && seen !== context) checkSeen(action, form, seen)
  const prepared: Prepared = action.prepare(form, reads ? seen : context)
  if (prepared.dryRun) {
    const words = 'Request would have succeeded, but DryRun flag is set.'
    throw new ApiError('DryRunOperation', words, 412)
  }
  return prepared.commit()
}

/** A change is done to what there is, but what it names must have been seen to be there. */
function checkSeen(action: Action, form: Form, seen: Ec2Context): void {
  try {
    action.prepare(form, seen)
  } catch (error) {
    if (error instanceof ApiError && SEEN_LATE.has(error.code)) throw error
  }
}

/** What EC2 says of a resource that was made a moment ago. */
const SEEN_LATE: ReadonlySet<string> = new Set([
  'InvalidInstanceID.NotFound',
  'InvalidVolume.NotFound',
  'InvalidSnapshot.NotFound',
  'InvalidNetworkAclID.NotFound',
  'InvalidAssociationID.NotFound',
])

/** Throws UnauthorizedOperation, in EC2's words but for the encoded message that it adds. */
function checkAccess(context: Ec2Context, caller: Caller, name: string, form: Form): void {
  for (const request of ec2AccessRequests(context, name, form)) {
    const denial = denialOf(caller, context.accountId, request)
    if (denial === undefined) continue
    const words = `You are not authorized to perform this operation. ${denial}`
    throw new ApiError('UnauthorizedOperation', words, 403)
  }
}
