import type { ManifestObject } from '../kube/manifests.ts'
import type { DatabaseAccess } from '../model/database-access.ts'

/** A Secret that has to be there before a database is deployed. */
export interface NeededSecret {
  readonly name: string
  /** That it has to hold. */
  readonly keys: readonly string[]
}

/**
 * The Secrets that a database's pods refer to and that its clients log in with, but for those that
 * its manifests bring along, and those that may be missing.
 */
export function neededSecrets(
  objects: readonly ManifestObject[],
  { credentials, tls }: DatabaseAccess = {},
): NeededSecret[] {
  const found = new Map<string, Set<string>>()
  const need = (name: string, keys: readonly (string | undefined)[]): void => {
    const known = found.get(name) ?? new Set()
    for (const key of keys) if (key !== undefined) known.add(key)
    found.set(name, known)
  }
  if (credentials) {
    const { secret, username, usernameKey, passwordKey } = credentials
    need(secret, [username === undefined ? usernameKey : undefined, passwordKey])
  }
  if (tls) need(tls.secret, [tls.caKey, tls.certKey, tls.keyKey])
  for (const { object } of objects) collectReferences(object, need)
  const brought = new Set(
    objects.filter(({ object }) => object.kind === 'Secret').map((one) => one.object.metadata.name),
  )
  return [...found]
    .filter(([name]) => !brought.has(name))
    .map(([name, keys]) => ({ name, keys: [...keys] }))
}

type Need = (name: string, keys: readonly (string | undefined)[]) => void

/** In a pod's spec Secrets are named by variables, by all variables of one, and by volumes. */
function collectReferences(value: unknown, need: Need): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, need)
    return
  }
  if (!isObject(value)) return
  for (const [field, inner] of Object.entries(value)) {
    if (!isObject(inner)) continue
    const { optional, name, secretName, key, items } = inner
    const isReference = ['secretKeyRef', 'secretRef', 'secret'].includes(field)
    const named = secretName ?? name
    if (isReference && typeof named === 'string' && optional !== true) {
      const keys = Array.isArray(items)
        ? items.map((item: unknown) => (isObject(item) ? item['key'] : undefined))
        : [key]
      need(
        named,
        keys.map((one) => (typeof one === 'string' ? one : undefined)),
      )
    }
  }
  for (const inner of Object.values(value)) collectReferences(inner, need)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
