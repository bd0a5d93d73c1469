/** Building or checking what the lab runs has failed; the message is one sentence with what to do. */
export class ArtifactError extends Error {
  /** The build's output, when there is one. */
  readonly logPath: string | undefined

  constructor(message: string, options: { cause?: unknown; logPath?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ArtifactError'
    this.logPath = options.logPath
  }
}
