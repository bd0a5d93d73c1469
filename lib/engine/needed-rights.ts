/** What a run has to be allowed to do with one kind of object. */
export interface NeededRight {
  /** API group; empty for the core's. */
  readonly group: string
  /** With its subresource: `pods/exec`. */
  readonly resource: string
  readonly verbs: readonly string[]
  /** In the whole cluster, or in the namespace that the scenarios' objects go to. */
  readonly scope: 'cluster' | 'namespace'
  /** What can't be done without it; completes "so a run can't …". */
  readonly purpose: string
}

const core = { group: '' }
/** Over a WebSocket it is a GET, which since Kubernetes 1.35 needs `create` as well. */
const stream = { ...core, verbs: ['get', 'create'], scope: 'namespace' } as const
const storage = { group: 'storage.k8s.io', scope: 'cluster' } as const

/** What a run needs wherever it runs. */
const ALWAYS: readonly NeededRight[] = [
  {
    ...core,
    resource: 'nodes',
    verbs: ['get', 'list', 'watch', 'patch'],
    scope: 'cluster',
    purpose: 'cordon a zone and see it',
  },
  {
    ...core,
    resource: 'namespaces',
    verbs: ['get', 'list'],
    scope: 'cluster',
    purpose: 'know one cluster from another',
  },
  {
    ...core,
    resource: 'configmaps',
    verbs: ['get'],
    scope: 'cluster',
    purpose: 'read the consent in the namespace zonefall',
  },
  {
    group: 'apps',
    resource: 'deployments',
    verbs: ['list'],
    scope: 'cluster',
    purpose: 'see whether an autoscaler would make nodes for pods that are to wait',
  },
  {
    ...core,
    resource: 'pods',
    verbs: ['list'],
    scope: 'cluster',
    purpose: 'say which reasons the scheduler has to give, for which it counts all pods of a node',
  },
  {
    ...core,
    resource: 'persistentvolumes',
    verbs: ['get', 'list', 'watch', 'delete'],
    scope: 'cluster',
    purpose: 'see which volume is in which zone, and that it goes',
  },
  {
    ...storage,
    resource: 'storageclasses',
    verbs: ['get', 'list', 'create', 'delete'],
    purpose: "make the manifests' StorageClass",
  },
  { ...storage, resource: 'csidrivers', verbs: ['list'], purpose: 'see what makes volumes' },
  { ...storage, resource: 'csinodes', verbs: ['list'], purpose: 'predict the zones of volumes' },
  {
    ...storage,
    resource: 'volumeattachments',
    verbs: ['get', 'list', 'watch'],
    purpose: 'see volumes come and go',
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['list', 'watch'],
    scope: 'cluster',
    purpose: 'see a node fall silent',
  },
  {
    ...core,
    resource: 'pods',
    verbs: ['get', 'list', 'watch', 'create', 'delete'],
    scope: 'namespace',
    purpose: 'delete a pod, follow it, and place canaries',
  },
  {
    ...stream,
    resource: 'pods/exec',
    purpose: 'ask nodetool and the resolver in pods',
  },
  { ...stream, resource: 'pods/portforward', purpose: 'talk to the database' },
  { ...stream, resource: 'pods/proxy', purpose: 'talk to its own pods' },
  {
    ...core,
    resource: 'pods/eviction',
    verbs: ['create'],
    scope: 'namespace',
    purpose: 'drain a zone',
  },
  {
    ...core,
    resource: 'pods/log',
    verbs: ['get'],
    scope: 'namespace',
    purpose: 'keep logs of what failed',
  },
  ...['services', 'configmaps', 'secrets'].map((resource): NeededRight => ({
    ...core,
    resource,
    verbs: ['get', 'list', 'create', 'delete'],
    scope: 'namespace',
    purpose: 'make what manifests hold, and see that none is left',
  })),
  {
    ...core,
    resource: 'persistentvolumeclaims',
    verbs: ['get', 'list', 'watch', 'delete'],
    scope: 'namespace',
    purpose: "follow a StatefulSet's claims and delete them",
  },
  {
    ...core,
    resource: 'events',
    verbs: ['list', 'watch'],
    scope: 'namespace',
    purpose: 'see what Kubernetes says of its pods',
  },
  {
    group: 'apps',
    resource: 'statefulsets',
    verbs: ['get', 'list', 'create', 'delete'],
    scope: 'namespace',
    purpose: 'deploy the database',
  },
  {
    group: 'apps',
    resource: 'statefulsets/scale',
    verbs: ['patch'],
    scope: 'namespace',
    purpose: 'scale the database',
  },
  {
    group: 'apps',
    resource: 'deployments',
    verbs: ['list'],
    scope: 'namespace',
    purpose: 'see that none is left',
  },
  {
    group: 'networking.k8s.io',
    resource: 'networkpolicies',
    verbs: ['list'],
    scope: 'namespace',
    purpose: 'see whether pods may talk to one another',
  },
  {
    group: 'policy',
    resource: 'poddisruptionbudgets',
    verbs: ['get', 'list', 'create', 'delete'],
    scope: 'namespace',
    purpose: 'drain a zone under a budget, and see that none is left',
  },
]

/**
 * The rights that a run needs.
 *
 * @param makesNamespace whether it makes a namespace of its own
 */
export function neededRights(makesNamespace: boolean): readonly NeededRight[] {
  if (!makesNamespace) return ALWAYS
  return [
    {
      ...core,
      resource: 'namespaces',
      verbs: ['create', 'delete'],
      scope: 'cluster',
      purpose: 'have a namespace of its own',
    },
    {
      group: 'networking.k8s.io',
      resource: 'networkpolicies',
      verbs: ['get', 'create', 'delete'],
      scope: 'cluster',
      purpose: 'let its pods talk in its own namespace, whatever policy is put into new ones',
    },
    ...ALWAYS,
  ]
}

/** What a migration needs besides: objects that lead a StatefulSet to the copies of its volumes. */
export const MIGRATION_RIGHTS: readonly NeededRight[] = [
  {
    ...storage,
    resource: 'csidrivers',
    verbs: ['get'],
    purpose: 'see whether the copies can be attached',
  },
  {
    ...core,
    resource: 'persistentvolumes',
    verbs: ['create'],
    scope: 'cluster',
    purpose: 'make volumes of the copies',
  },
  {
    ...core,
    resource: 'persistentvolumeclaims',
    verbs: ['create'],
    scope: 'namespace',
    purpose: 'claim them for the pods that take them over',
  },
]
