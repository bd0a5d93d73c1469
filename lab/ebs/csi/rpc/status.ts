import type { status } from '@grpc/grpc-js'

/** The gRPC status codes that CSI gives a meaning to. */
export type CodeName = Exclude<keyof typeof status, 'OK'>

/** A refusal or failure of a CSI call; goes over the wire as a gRPC status. */
export class CsiError extends Error {
  readonly code: CodeName

  constructor(code: CodeName, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CsiError'
    this.code = code
  }
}

/** The error of a call that lacks something it must have. */
export const invalid = (message: string): CsiError => new CsiError('INVALID_ARGUMENT', message)
