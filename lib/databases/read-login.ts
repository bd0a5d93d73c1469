import { type Cluster, explainApiError } from '../kube/cluster.ts'
import type { DatabaseAccess } from '../model/database-access.ts'
import { PreflightError } from '../model/errors.ts'
import type { DatabaseLogin } from './login.ts'

/**
 * What the Secrets of a namespace hold for a database; empty where its settings name none.
 *
 * @throws PreflightError that names the Secret and what it lacks, and nothing of what it holds
 */
export async function readLogin(
  cluster: Cluster,
  namespace: string,
  { credentials, tls }: DatabaseAccess,
): Promise<DatabaseLogin> {
  const login: { -readonly [Key in keyof DatabaseLogin]: DatabaseLogin[Key] } = {}
  if (credentials) {
    const value = await readSecret(cluster, namespace, credentials.secret)
    login.credentials = {
      username: credentials.username ?? value(credentials.usernameKey),
      password: value(credentials.passwordKey),
    }
  }
  if (tls) {
    const { caKey, certKey, keyKey, serverName } = tls
    const value = await readSecret(cluster, namespace, tls.secret)
    login.tls = {
      ca: value(caKey),
      ...(certKey === undefined ? {} : { cert: value(certKey) }),
      ...(keyKey === undefined ? {} : { key: value(keyKey) }),
      ...(serverName === undefined ? {} : { serverName }),
    }
  }
  return login
}

async function readSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<(key: string) => string> {
  let data: Readonly<Record<string, string>>
  try {
    data = (await cluster.core.readNamespacedSecret({ name, namespace })).data ?? {}
  } catch (error) {
    throw new PreflightError(
      `The Secret ${name} in namespace ${namespace} can't be read: ${explainApiError(error)}`,
      { cause: error },
    )
  }
  return (key) => {
    const packed = data[key]
    if (packed !== undefined) return Buffer.from(packed, 'base64').toString('utf8')
    throw new PreflightError(
      `The Secret ${name} in namespace ${namespace} has no key ${key}, only ${Object.keys(data).join(', ') || 'none'}.`,
      { hint: 'Name the key in zonefall.config.ts: see docs/eks.md, “A database with a login”.' },
    )
  }
}
