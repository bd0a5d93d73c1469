import { checkServerIdentity, type ConnectionOptions } from 'node:tls'

/** What a connection to a database needs to be taken; what DatabaseAccess refers to, read. */
export interface DatabaseLogin {
  readonly credentials?: { readonly username: string; readonly password: string }
  readonly tls?: TlsMaterial
}

/** PEM texts. */
export interface TlsMaterial {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
}

/**
 * Options of a TLS connection. The certificate has to be signed by that CA, always. It has to be for
 * `serverName` if one is given; without one it may be for any: nodes are reached by addresses that
 * change and by a port on this machine, which no certificate names.
 */
export function tlsOptions({ ca, cert, key, serverName }: TlsMaterial): ConnectionOptions {
  return {
    ca,
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) =>
      serverName === undefined ? undefined : checkServerIdentity(serverName, certificate),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}
