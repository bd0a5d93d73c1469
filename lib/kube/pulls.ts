import type { V1PodSpec } from '@kubernetes/client-node'
import type { PullRules } from '../model/target.ts'
import type { ManifestObject } from './manifests.ts'

/**
 * The name under which a mirror has an image: its full name behind the mirror's, as pull-through
 * caches have it. `cassandra:5.0` is `docker.io/library/cassandra:5.0` in full.
 */
export function mirrored(image: string, mirror: string): string {
  if (image.startsWith(`${mirror}/`)) return image
  const [first = '', ...rest] = image.split('/')
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  if (hasHost) return `${mirror}/${image}`
  return `${mirror}/docker.io/${rest.length === 0 ? `library/${image}` : image}`
}

/** A pod as a target wants its images pulled: by the mirror's names, with the Secret for it. */
export function withPulls<Spec extends Pick<V1PodSpec, 'containers'>>(
  spec: Spec,
  { mirror, pullSecret }: PullRules,
): Spec {
  const rename = <Container extends { image?: string }>(container: Container): Container =>
    mirror === undefined || container.image === undefined
      ? container
      : { ...container, image: mirrored(container.image, mirror) }
  const { initContainers, imagePullSecrets = [] }: Partial<V1PodSpec> = spec
  const named = imagePullSecrets.some(({ name }) => name === pullSecret)
  return {
    ...spec,
    containers: spec.containers.map((one) => rename(one)),
    ...(initContainers ? { initContainers: initContainers.map((one) => rename(one)) } : {}),
    ...(pullSecret === undefined || named
      ? {}
      : { imagePullSecrets: [...imagePullSecrets, { name: pullSecret }] }),
  }
}

/** Manifests whose pods, and those that they are templates of, are pulled so. */
export function manifestsWithPulls(
  objects: readonly ManifestObject[],
  rules: PullRules,
): ManifestObject[] {
  return objects.map(({ object, origin }) => ({ origin, object: changed(object, rules) }))
}

/** Whatever has a list of containers is a pod's spec: of a pod, a template, a job's template. */
function changed<Value>(value: Value, rules: PullRules): Value {
  if (Array.isArray(value)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what it was before
    return value.map((item: unknown) => changed(item, rules)) as Value
  }
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, changed<unknown>(item, rules)]),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- with the same members
  return (isPodSpec(copy) ? withPulls(copy, rules) : copy) as Value
}

function isPodSpec(value: object): value is Pick<V1PodSpec, 'containers'> {
  return (
    'containers' in value &&
    Array.isArray(value.containers) &&
    value.containers.every((item: unknown) => typeof item === 'object' && item !== null)
  )
}
