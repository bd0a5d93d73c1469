import type { ApiError } from '../api-error.ts'
import { toXml, type XmlObject } from './xml.ts'

/**
 * How one of AWS's query services words its answers. EC2 has its own way with errors; services
 * like STS and Auto Scaling share another and would be a second value of this type.
 */
export interface QueryService {
  readonly version: string
  readonly success: (action: string, requestId: string, body: XmlObject) => string
  readonly failure: (error: ApiError, requestId: string) => string
}

export const EC2_SERVICE: QueryService = {
  version: '2016-11-15',
  success: (action, requestId, body) =>
    toXml(`${action}Response`, 'http://ec2.amazonaws.com/doc/2016-11-15/', { requestId, ...body }),
  failure: ({ code, message }, requestId) =>
    toXml('Response', undefined, {
      Errors: { Error: { Code: code, Message: message } },
      RequestID: requestId,
    }),
}
