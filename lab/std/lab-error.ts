/** Something is wrong with the lab: one sentence, what to do about it, and where to read more. */
export class LabError extends Error {
  readonly hint: string | undefined
  /** Path of the log that tells more. */
  readonly log: string | undefined

  constructor(
    message: string,
    options: { hint?: string | undefined; log?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'LabError'
    this.hint = options.hint
    this.log = options.log
  }
}

/** Refused before anything was started: the machine can't carry a lab, or the call made no sense. */
export class LabRefusal extends LabError {}
