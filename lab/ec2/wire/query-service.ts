import type { Authorize } from '../../iam/access.ts'
import type { ApiError } from '../api-error.ts'
import type { Form } from './parameters.ts'
import type { XmlObject } from './xml.ts'

/** Who makes a call. */
export interface Caller {
  readonly accessKeyId: string
  readonly authorize: Authorize
}

/**
 * One of AWS's query services. The listener finds it by the service that a request's signature
 * names; EC2 words its answers in its own way, the others share another (`defineQueryService`).
 */
export interface QueryService {
  /** `ec2`, `sts`, `autoscaling`: the name in a signature's scope and in IAM's actions. */
  readonly name: string
  readonly version: string
  /** Does one call. Throws ApiError. */
  readonly perform: (caller: Caller, action: string, form: Form) => XmlObject | Promise<XmlObject>
  readonly success: (action: string, requestId: string, body: XmlObject) => string
  readonly failure: (error: ApiError, requestId: string) => string
  /** What the service says of a request that is refused before its action is looked at. */
  readonly refusals: {
    /** Signed by nobody, or with a wrong key. */
    readonly unauthenticated: (signed: boolean) => ApiError
    readonly throttled: () => ApiError
    readonly noSuchVersion: (version: string) => ApiError
  }
}
