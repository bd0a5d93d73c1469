import type { AwsAccess } from '../model/target.ts'
import { clientOptions } from './client-options.ts'

/** Whose the credentials are, and how long they last. */
export interface CallerIdentity {
  readonly account: string
  readonly arn: string
  /** Absent of credentials that last, and where nobody says how long. */
  readonly expiresAt?: Date
  /** Whether they are for a time only and whoever gave them gives no others: keys of a session. */
  readonly isFixedSession: boolean
}

/**
 * Where the SDK got keys that it can't replace: variables, a profile's own lines, an SSO portal
 * without a session that refreshes. Source: `@aws-sdk/types`, feature-ids.d.ts.
 */
const FIXED_SOURCES = [
  'CREDENTIALS_CODE',
  'CREDENTIALS_ENV_VARS',
  'CREDENTIALS_PROFILE',
  'CREDENTIALS_PROFILE_SSO_LEGACY',
  'CREDENTIALS_SSO_LEGACY',
] as const

/** What of those is only on the way to credentials that are fetched anew when they expire. */
const FETCHED_SOURCES = [
  'CREDENTIALS_STS_ASSUME_ROLE',
  'CREDENTIALS_STS_ASSUME_ROLE_WEB_ID',
  'CREDENTIALS_HTTP',
  'CREDENTIALS_IMDS',
  'CREDENTIALS_PROCESS',
] as const

/**
 * Asks STS who the credentials belong to, and the chain that found them how long they last.
 *
 * @throws the SDK's error when there are none, or they are refused
 */
export async function whoAmI(access: AwsAccess): Promise<CallerIdentity> {
  const sdk = await import('@aws-sdk/client-sts')
  const client = new sdk.STSClient(clientOptions(access))
  try {
    const credentials = await client.config.credentials()
    const { Account = '', Arn = '' } = await client.send(new sdk.GetCallerIdentityCommand({}))
    const { expiration, sessionToken } = credentials
    const sources = Object.keys('$source' in credentials ? (credentials.$source ?? {}) : {})
    return {
      account: Account,
      arn: Arn,
      ...(expiration === undefined ? {} : { expiresAt: expiration }),
      isFixedSession: sessionToken !== undefined && isFixed(sources),
    }
  } finally {
    client.destroy()
  }
}

/** Whether credentials from these sources can't be had anew. */
export function isFixed(sources: readonly string[]): boolean {
  return (
    FIXED_SOURCES.some((source) => sources.includes(source)) &&
    !FETCHED_SOURCES.some((source) => sources.includes(source))
  )
}
