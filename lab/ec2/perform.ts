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
 * Throws ApiError; a dry run that would have succeeded throws DryRunOperation, as EC2 does.
 */
export function perform(context: Ec2Context, caller: Caller, name: string, form: Form): XmlObject {
  const action = BY_NAME.get(name)
  if (action === undefined) {
    throw invalidAction(`The action ${name} is not valid for this web service.`)
  }
  if (!caller.authorize(caller.accessKeyId, `ec2:${name}`)) {
    throw unauthorized(context, caller, name)
  }
  forgetTerminated(context)
  const prepared: Prepared = action.prepare(form, context)
  if (prepared.dryRun) {
    const words = 'Request would have succeeded, but DryRun flag is set.'
    throw new ApiError('DryRunOperation', words, 412)
  }
  return prepared.commit()
}

function unauthorized(context: Ec2Context, caller: Caller, name: string): ApiError {
  const user = `arn:aws:iam::${context.accountId}:user/${caller.accessKeyId}`
  return new ApiError(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ` +
      `ec2:${name} because no identity-based policy allows the ec2:${name} action`,
    403,
  )
}
