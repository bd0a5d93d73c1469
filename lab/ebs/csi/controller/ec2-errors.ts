import { CsiError, type CodeName } from '../rpc/status.ts'
import { codeOf, messageOf, textAt } from '../rpc/unknown.ts'

/** EC2's own error code (`InvalidVolume.NotFound`, …), or '' for anything else. */
export function ec2Code(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return textAt(error, 'Code') ?? error.name
}

const STATUS: Readonly<Record<string, CodeName>> = {
  'InvalidVolume.NotFound': 'NOT_FOUND',
  'InvalidInstanceID.NotFound': 'NOT_FOUND',
  'InvalidSnapshot.NotFound': 'NOT_FOUND',
  VolumeInUse: 'FAILED_PRECONDITION',
  'InvalidSnapshot.InUse': 'FAILED_PRECONDITION',
  IdempotentParameterMismatch: 'ALREADY_EXISTS',
  AttachmentLimitExceeded: 'RESOURCE_EXHAUSTED',
  VolumeLimitExceeded: 'RESOURCE_EXHAUSTED',
  MaxIOPSLimitExceeded: 'RESOURCE_EXHAUSTED',
  SnapshotLimitExceeded: 'RESOURCE_EXHAUSTED',
  InvalidParameterCombination: 'INVALID_ARGUMENT',
  InvalidParameterValue: 'INVALID_ARGUMENT',
  UnknownVolumeType: 'INVALID_ARGUMENT',
  RequestLimitExceeded: 'UNAVAILABLE',
  Unavailable: 'UNAVAILABLE',
  TimeoutError: 'UNAVAILABLE',
}

const NETWORK = /^(ECONN|EHOST|ENET|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_)/

/** What the caller hears: `Could not …: <EC2's words>` under the status that fits EC2's code. */
export function asCsiError(what: string, error: unknown): CsiError {
  if (error instanceof CsiError) return error
  const code = ec2Code(error)
  return new CsiError(
    NETWORK.test(codeOf(error)) ? 'UNAVAILABLE' : (STATUS[code] ?? 'INTERNAL'),
    `${what}: ${code === '' ? '' : `${code}: `}${messageOf(error)}`,
    { cause: error },
  )
}
