import { InconclusiveError } from '../model/errors.ts'

/** Codes of Node's TLS for a certificate that is not taken; nodejs.org/api/tls.html#x509-certificate-error-codes. */
const CERTIFICATE =
  /^(UNABLE_TO_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|PATH_LENGTH_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|ERR_TLS_)/

/** Whether a connection failed because of the server's certificate. */
export function isCertificateTrouble(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && CERTIFICATE.test(code)
}

/** A database that is there and doesn't take the login: nothing can be said of a claim then. */
export class LoginRefusedError extends InconclusiveError {}

/**
 * Says that a database refused the login.
 *
 * @param said the driver's or the server's words, in which there is no password
 */
export function loginRefused(
  database: { readonly system: 'cassandra' | 'mysql'; readonly pod: string },
  what: 'credentials' | 'certificate' | 'TLS',
  said: string,
  cause: unknown,
): LoginRefusedError {
  const { system, pod } = database
  const setting = `databases.${system}.${what === 'credentials' ? what : 'tls'}`
  const sentence = {
    credentials: `The database in pod ${pod} refuses the credentials`,
    certificate: `The certificate of the database in pod ${pod} is not taken`,
    TLS: `The database in pod ${pod} has no encrypted connections, or takes no others`,
  }[what]
  return new LoginRefusedError(`${sentence}: ${said.replace(/\.$/, '')}.`, {
    cause,
    hint: `See ${setting} in zonefall.config.ts, and the Secret that it names.`,
  })
}
