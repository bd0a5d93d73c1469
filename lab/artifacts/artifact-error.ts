import { LabError } from '../std/lab-error.ts'

/** Building or checking what the lab runs has failed; the message is one sentence with what to do. */
export class ArtifactError extends LabError {
  constructor(message: string, options: { cause?: unknown; log?: string } = {}) {
    super(message, options)
    this.name = 'ArtifactError'
  }
}
