import { connect } from 'node:net'
import type { ConnectionOptions } from 'mysql2/promise'
import type { InconclusiveError } from '../../model/errors.ts'
import type { DatabaseLogin } from '../login.ts'
import { isCertificateTrouble, loginRefused } from '../login-trouble.ts'

/** Server Error Message Reference: ER_ACCESS_DENIED_ERROR and its kin for databases and roles. */
const ACCESS_DENIED = [1044, 1045, 1698]
/** ER_SECURE_TRANSPORT_REQUIRED */
const SECURE_TRANSPORT_REQUIRED = 3159

/** How a connection is made, in the driver's words. Without credentials it is root's, as the tutorial has it. */
export function connectionLogin(
  { credentials, tls }: DatabaseLogin,
  at: { readonly host: string; readonly port: number },
): Pick<ConnectionOptions, 'host' | 'port' | 'user' | 'password' | 'ssl' | 'stream'> {
  return {
    ...at,
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
    // The driver compares the certificate with the host's name and no other, so the name goes there.
    ...(tls?.serverName === undefined
      ? {}
      : { host: tls.serverName, stream: () => connect(at.port, at.host) }),
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
