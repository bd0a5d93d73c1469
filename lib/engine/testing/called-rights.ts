import {
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  NetworkingV1Api,
  PolicyV1Api,
  StorageV1Api,
} from '@kubernetes/client-node'
import { resourceOf } from '../../kube/resource-of.ts'

/** The clients that the harness has, and the groups that they speak to. */
const CLIENTS: readonly (readonly [group: string, methods: object])[] = [
  ['', CoreV1Api.prototype],
  ['apps', AppsV1Api.prototype],
  ['storage.k8s.io', StorageV1Api.prototype],
  ['policy', PolicyV1Api.prototype],
  ['coordination.k8s.io', CoordinationV1Api.prototype],
  ['discovery.k8s.io', DiscoveryV1Api.prototype],
  ['networking.k8s.io', NetworkingV1Api.prototype],
]

const METHOD =
  /\b((list|read|create|delete|patch|replace)(?:Namespaced)?([A-Z]\w*?)(Log|Scale|Eviction|Status)?(?:ForAllNamespaces)?)\(/g
/** A collection by its path, as watches have it. */
const COLLECTION =
  /\/(?:api\/v1|apis\/([\w.]+)\/v\d+)(?:\/namespaces\/(?:\$\{\w+\}|[\w-]+))?\/([a-z]+)['`]/g
/** What of a pod is a stream, or goes through it. */
const STREAM = /\/pods\/\$\{pod\}(?::\$\{port\})?\/(exec|portforward|proxy)\b/g
/** An object that a source writes down. */
const OBJECT = /apiVersion: '([\w./]+)',\s*kind: '(\w+)'/g

/** Rights as text: `get apps/statefulsets`, `create /pods/exec`. */
export type RightText = `${string} ${string}/${string}`

/**
 * The rights that calls in sources take, by the names of client-node's methods and the paths of
 * watches and streams, whatever the namespace.
 */
export function calledRights(sources: readonly string[]): ReadonlySet<RightText> {
  const found = new Set<RightText>()
  for (const source of sources) {
    for (const [, method = '', verb = '', kind = '', part] of source.matchAll(METHOD)) {
      const group = CLIENTS.find(([, methods]) => method in methods)?.[0]
      if (group === undefined) continue
      const below = part === undefined ? '' : `/${part.toLowerCase()}`
      found.add(`${verb === 'read' ? 'get' : verb} ${group}/${resourceOf(kind)}${below}`)
    }
    for (const [, group = '', resource = ''] of source.matchAll(COLLECTION)) {
      for (const verb of ['list', 'watch']) found.add(`${verb} ${group}/${resource}`)
    }
    for (const [, part = ''] of source.matchAll(STREAM)) {
      for (const verb of ['get', 'create']) found.add(`${verb} /pods/${part}`)
    }
  }
  return found
}

/** The rights that it takes to make these objects, to see whether they are there, and to undo it. */
export function rightsToMake(
  objects: readonly { readonly apiVersion: string; readonly kind: string }[],
): RightText[] {
  return objects.flatMap(({ apiVersion, kind }) => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return ['get', 'create', 'delete'].map(
      (verb): RightText => `${verb} ${group}/${resourceOf(kind)}`,
    )
  })
}

/** The objects that sources write down to be made. */
export function writtenObjects(
  sources: readonly string[],
): { readonly apiVersion: string; readonly kind: string }[] {
  return sources.flatMap((source) =>
    [...source.matchAll(OBJECT)].map(([, apiVersion = '', kind = '']) => ({ apiVersion, kind })),
  )
}
