import { ApiError } from './api-error.ts'
import type { Ec2Context } from './context.ts'
import type { History } from './history.ts'
import { perform } from './perform.ts'
import type { QueryService } from './wire/query-service.ts'
import { toXml } from './wire/xml.ts'

/** EC2 itself, in its own wording; with a history its answers may be behind. */
export const createEc2Service = (context: Ec2Context, history?: History): QueryService => ({
  name: 'ec2',
  version: '2016-11-15',
  perform: (caller, action, form) => {
    const result = perform(context, caller, action, form, history?.look())
    history?.note()
    return result
  },
  success: (action, requestId, body) =>
    toXml(`${action}Response`, 'http://ec2.amazonaws.com/doc/2016-11-15/', { requestId, ...body }),
  failure: ({ code, message }, requestId) =>
    toXml('Response', undefined, {
      Errors: { Error: { Code: code, Message: message } },
      RequestID: requestId,
    }),
  refusals: {
    unauthenticated: () => {
      const words = 'AWS was not able to validate the provided access credentials'
      return new ApiError('AuthFailure', words, 401)
    },
    throttled: () => new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503),
    noSuchVersion: (version) => {
      const words = `The requested version (${version}) of service AmazonEC2 does not exist`
      return new ApiError('NoSuchVersion', words)
    },
  },
})
