import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { DatabaseAccess } from '../model/database-access.ts'
import type { DatabaseLogin } from './login.ts'

/** Where the Secrets are mounted in a client's pod, all keys under names of ours. */
export const LOGIN_FOLDER = '/login'

/**
 * Which of a login's files there are. An agent is told this much and reads them itself: what they
 * hold is in no request, and in nothing that an agent keeps.
 */
export const loginFiles = z.object({
  folder: z.string(),
  credentials: z.object({ username: z.string().exactOptional() }).exactOptional(),
  tls: z
    .object({ hasCertificate: z.boolean(), serverName: z.string().exactOptional() })
    .exactOptional(),
})
export type LoginFiles = z.infer<typeof loginFiles>

/** A part of a projected volume, as Kubernetes writes it. */
export interface SecretProjection {
  readonly secret: {
    readonly name: string
    readonly items: { readonly key: string; readonly path: string }[]
  }
}

/** What a pod has to mount at LOGIN_FOLDER, and what its client then finds there. */
export function loginMount({ credentials, tls }: DatabaseAccess): {
  readonly sources: readonly SecretProjection[]
  readonly files: LoginFiles
} {
  const sources: SecretProjection[] = []
  if (credentials) {
    const { secret: name, username, usernameKey, passwordKey } = credentials
    sources.push(
      projection(name, {
        ...(username === undefined ? { username: usernameKey } : {}),
        password: passwordKey,
      }),
    )
  }
  const { certKey: cert, keyKey: key, serverName } = tls ?? {}
  const hasCertificate = cert !== undefined && key !== undefined
  if (tls) {
    const own = hasCertificate ? { 'tls.crt': cert, 'tls.key': key } : {}
    sources.push(projection(tls.secret, { 'ca.crt': tls.caKey, ...own }))
  }
  const named = credentials?.username
  return {
    sources,
    files: {
      folder: LOGIN_FOLDER,
      ...(credentials ? { credentials: named === undefined ? {} : { username: named } } : {}),
      ...(tls
        ? { tls: { hasCertificate, ...(serverName === undefined ? {} : { serverName }) } }
        : {}),
    },
  }
}

function projection(name: string, keys: Readonly<Record<string, string>>): SecretProjection {
  return { secret: { name, items: Object.entries(keys).map(([path, key]) => ({ key, path })) } }
}

/** Reads the files; in the client's pod. @throws the file system's error */
export function readLoginFiles({ folder, credentials, tls }: LoginFiles): DatabaseLogin {
  const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')
  return {
    ...(credentials
      ? {
          credentials: {
            username: credentials.username ?? read('username'),
            password: read('password'),
          },
        }
      : {}),
    ...(tls
      ? {
          tls: {
            ca: read('ca.crt'),
            ...(tls.hasCertificate ? { cert: read('tls.crt'), key: read('tls.key') } : {}),
            ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
          },
        }
      : {}),
  }
}
