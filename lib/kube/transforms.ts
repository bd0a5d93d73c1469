import type { ManifestObject } from './manifests.ts'

/** Where a workload's objects go on a target that is shared with others. */
export interface Retargeting {
  readonly namespace: string
  /** Appended to the names of cluster-scoped objects: `-k3f9`. */
  readonly suffix: string
  readonly labels: Readonly<Record<string, string>>
}

/** Kinds without a namespace that workloads bring along. */
const CLUSTER_SCOPED = new Set([
  'StorageClass',
  'PersistentVolume',
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'PriorityClass',
  'CSIDriver',
  'VolumeSnapshotClass',
  'RuntimeClass',
])

/** Fields that name a cluster-scoped object, and the kind they name. */
const REFERENCES: Readonly<Record<string, string>> = {
  storageClassName: 'StorageClass',
  volumeName: 'PersistentVolume',
  priorityClassName: 'PriorityClass',
  runtimeClassName: 'RuntimeClass',
  volumeSnapshotClassName: 'VolumeSnapshotClass',
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Whether objects of a kind have no namespace. */
export function isClusterScoped(kind: string): boolean {
  return CLUSTER_SCOPED.has(kind)
}

/**
 * Moves objects to a namespace of the run's own: cluster-scoped ones get a suffix and references
 * follow, DNS names of Services (`cassandra-0.cassandra.default.svc…`) get the new namespace, and
 * everything, pods and claims included, carries the labels. What was there is not changed.
 */
export function retarget(
  objects: readonly ManifestObject[],
  options: Retargeting,
): ManifestObject[] {
  const renamed = new Map<string, string>()
  const moved = new Set<string>()
  for (const { object } of objects) {
    const { kind = '', metadata } = object
    if (kind === 'Namespace') moved.add(metadata.name)
    else if (isClusterScoped(kind)) {
      renamed.set(`${kind}/${metadata.name}`, `${metadata.name}${options.suffix}`)
    } else moved.add(metadata.namespace ?? 'default')
  }
  const services = objects
    .filter(({ object }) => object.kind === 'Service')
    .map(({ object }) => object.metadata.name)
  const rewriteDns = dnsRewriter(services, moved, options.namespace)
  return objects
    .filter(({ object }) => object.kind !== 'Namespace')
    .map(({ object, origin }) => ({
      origin,
      object: moveObject(structuredClone(object), renamed, rewriteDns, options),
    }))
}

function moveObject(
  object: ManifestObject['object'],
  renamed: ReadonlyMap<string, string>,
  rewriteDns: (text: string) => string,
  options: Retargeting,
): ManifestObject['object'] {
  const { kind = '' } = object
  // Manifests are JSON by nature.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const copy = mapJson(object as unknown as Json, (key, value, parent) => {
    if (typeof value !== 'string') return value
    const referenced = REFERENCES[key]
    if (referenced !== undefined) return renamed.get(`${referenced}/${value}`) ?? value
    if (key === 'name' && typeof parent['kind'] === 'string') {
      // roleRef, subjects and the like.
      return renamed.get(`${parent['kind']}/${value}`) ?? value
    }
    if (key === 'namespace' && typeof parent['kind'] === 'string') return options.namespace
    return rewriteDns(value)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const result = copy as unknown as Mutable
  result.metadata.name = renamed.get(`${kind}/${result.metadata.name}`) ?? result.metadata.name
  if (!isClusterScoped(kind)) result.metadata.namespace = options.namespace
  addLabels(result, options.labels)
  if (kind === 'StorageClass') tagVolumes(result, options.labels)
  if (result.spec?.template) addLabels(result.spec.template, options.labels)
  for (const template of result.spec?.volumeClaimTemplates ?? [])
    addLabels(template, options.labels)
  return result
}

interface Mutable extends Labelled {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  provisioner?: string
  parameters?: Record<string, string>
  spec?: { template?: Labelled; volumeClaimTemplates?: Labelled[] }
}

const EBS_DRIVERS = new Set(['ebs.csi.aws.com', 'ebs.csi.eks.amazonaws.com'])

/** Has the EBS CSI driver tag the volumes of a class, so that they are found in the account. */
function tagVolumes(item: Mutable, labels: Readonly<Record<string, string>>): void {
  if (!EBS_DRIVERS.has(item.provisioner ?? '')) return
  const parameters = { ...item.parameters }
  let number = 1
  for (const [key, value] of Object.entries(labels)) {
    while (parameters[`tagSpecification_${number}`] !== undefined) number += 1
    parameters[`tagSpecification_${number}`] = `${key}=${value}`
  }
  item.parameters = parameters
}

interface Labelled {
  metadata?: { labels?: Record<string, string> }
}

function addLabels(item: Labelled, labels: Readonly<Record<string, string>>): void {
  item.metadata ??= {}
  item.metadata.labels = { ...item.metadata.labels, ...labels }
}

/** `<service>.<namespace>.svc` with a Service of these manifests; others' names stay as they are. */
function dnsRewriter(
  services: readonly string[],
  namespaces: ReadonlySet<string>,
  to: string,
): (text: string) => string {
  if (services.length === 0 || namespaces.size === 0) return (text) => text
  const any = (names: Iterable<string>): string =>
    [...names].map((name) => name.replaceAll('.', String.raw`\.`)).join('|')
  const form = new RegExp(
    `(?<![a-z0-9-])(${any(services)})\\.(?:${any(namespaces)})(?=\\.svc(?![a-z0-9-]))`,
    'g',
  )
  return (text) => text.replaceAll(form, `$1.${to}`)
}

function mapJson(
  value: Json,
  change: (key: string, value: Json, parent: { [key: string]: Json }) => Json,
  key = '',
  parent: { [key: string]: Json } = {},
): Json {
  if (Array.isArray(value)) return value.map((item) => mapJson(item, change, key, parent))
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, mapJson(item, change, name, value)]),
    )
  }
  return change(key, value, parent)
}
