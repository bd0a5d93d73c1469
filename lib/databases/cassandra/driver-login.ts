import cassandra from 'cassandra-driver'
import type { ClientOptions } from 'cassandra-driver'
import { type DatabaseLogin, tlsOptions } from '../login.ts'

/** A login as the driver's options have it. */
export function driverLogin({
  credentials,
  tls,
}: DatabaseLogin): Pick<ClientOptions, 'authProvider' | 'sslOptions'> {
  return {
    ...(credentials === undefined
      ? {}
      : {
          authProvider: new cassandra.auth.PlainTextAuthProvider(
            credentials.username,
            credentials.password,
          ),
        }),
    ...(tls === undefined ? {} : { sslOptions: tlsOptions(tls) }),
  }
}
