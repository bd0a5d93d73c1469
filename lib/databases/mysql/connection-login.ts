import type { ConnectionOptions } from 'mysql2/promise'
import type { InconclusiveError } from '../../model/errors.ts'
import type { DatabaseLogin } from '../login.ts'
import { isCertificateTrouble, loginRefused } from '../login-trouble.ts'

/** Server Error Message Reference: ER_ACCESS_DENIED_ERROR and its kin for databases and roles. */
const ACCESS_DENIED = [1044, 1045, 1698]
/** ER_SECURE_TRANSPORT_REQUIRED */
const SECURE_TRANSPORT_REQUIRED = 3159

/**
 * A login as the driver's options have it. Without credentials it is root's, as the tutorial has it.
 * The caller gives the driver a stream: the host is only what the certificate has to be for.
 */
export function connectionLogin({
  credentials,
  tls,
}: DatabaseLogin): Pick<ConnectionOptions, 'host' | 'user' | 'password' | 'ssl'> {
  return {
    user: credentials?.username ?? 'root',
    ...(credentials === undefined ? {} : { password: credentials.password }),
    ...(tls === undefined
      ? {}
      : {
          ssl: {
            ca: tls.ca,
            rejectUnauthorized: true,
            verifyIdentity: tls.serverName !== undefined,
            ...(tls.cert === undefined ? {} : { cert: tls.cert }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
          },
        }),
    ...(tls?.serverName === undefined ? {} : { host: tls.serverName }),
  }
}

/** Whether it was for the login that no connection came about; undefined if it was not. */
export function refusedLogin(
  pod: string,
  error: unknown,
  cause: unknown,
): InconclusiveError | undefined {
  const what = troubleOf(error)
  const said = error instanceof Error ? error.message : String(error)
  return what && loginRefused({ system: 'mysql', pod }, what, said, cause)
}

function troubleOf(error: unknown): 'credentials' | 'certificate' | 'TLS' | undefined {
  if (!(error instanceof Error)) return undefined
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0
  if (ACCESS_DENIED.includes(errno)) return 'credentials'
  const code = 'code' in error ? error.code : undefined
  if (errno === SECURE_TRANSPORT_REQUIRED || code === 'HANDSHAKE_NO_SSL_SUPPORT') return 'TLS'
  const isHandshake = code === 'HANDSHAKE_SSL_ERROR'
  return isHandshake || isCertificateTrouble(error) ? 'certificate' : undefined
}
