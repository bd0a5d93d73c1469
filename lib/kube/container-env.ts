import type { ManifestObject } from './manifests.ts'

/**
 * Gives a StatefulSet's container these variables, in place of its own of the same names. The
 * objects given stay as they are.
 */
export function withContainerEnv(
  objects: readonly ManifestObject[],
  { statefulSet, container }: { readonly statefulSet: string; readonly container: string },
  env: Readonly<Record<string, string>>,
): ManifestObject[] {
  return objects.map((item) => {
    if (item.object.kind !== 'StatefulSet' || item.object.metadata.name !== statefulSet) return item
    const copy = structuredClone(item)
    const containers: unknown = at(copy.object, 'spec', 'template', 'spec', 'containers')
    const found: unknown = list(containers).find((one) => at(one, 'name') === container)
    if (typeof found !== 'object' || found === null) return item
    const kept = list(at(found, 'env')).filter((one) => !(String(at(one, 'name')) in env))
    const added = Object.entries(env).map(([name, value]) => ({ name, value }))
    Reflect.set(found, 'env', [...kept, ...added])
    return copy
  })
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  )
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
