/**
 * How a database wants to be spoken to: names of Secrets and of their keys, never what is in them,
 * so that it may stand in settings, in `run.json` and in a request to an agent.
 */
export interface DatabaseAccess {
  readonly credentials?: CredentialsReference
  readonly tls?: TlsReference
}

/** Who the harness and its clients are to the database. */
export interface CredentialsReference {
  readonly secret: string
  /** The name itself; absent: it is under `usernameKey`. */
  readonly username?: string
  readonly usernameKey: string
  readonly passwordKey: string
}

/** How connections are encrypted, and by whom the server's certificate has to be signed. */
export interface TlsReference {
  readonly secret: string
  readonly caKey: string
  /** The client's own certificate and key, of a server that asks for one. */
  readonly certKey?: string
  readonly keyKey?: string
  /** That the server's certificate has to be for; absent: any that the CA has signed. */
  readonly serverName?: string
}

/** Of each database, by the name of its folder in `manifests/`. */
export type AccessBySystem = Readonly<Record<string, DatabaseAccess>>
