import { z } from 'zod'

const metadata = z.looseObject({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  namespace: z.string().optional(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})

const conditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().nullish(),
      message: z.string().nullish(),
    }),
  )
  .nullish()

const terminated = z.looseObject({
  exitCode: z.number(),
  reason: z.string().nullish(),
  finishedAt: z.string().nullish(),
})

const podSchema = z.looseObject({
  metadata,
  spec: z.looseObject({ nodeName: z.string().optional() }).optional(),
  status: z
    .looseObject({
      phase: z.string().optional(),
      podIP: z.string().nullish(),
      conditions,
      containerStatuses: z
        .array(
          z.looseObject({
            name: z.string(),
            containerID: z.string().nullish(),
            ready: z.boolean(),
            restartCount: z.number(),
            state: z
              .looseObject({
                running: z.looseObject({ startedAt: z.string().nullish() }).optional(),
                terminated: terminated.optional(),
                waiting: z.looseObject({ reason: z.string().nullish() }).optional(),
              })
              .optional(),
            lastState: z.looseObject({ terminated: terminated.optional() }).optional(),
          }),
        )
        .nullish(),
    })
    .optional(),
})

const nodeSchema = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      unschedulable: z.boolean().optional(),
      providerID: z.string().optional(),
      taints: z
        .array(z.looseObject({ key: z.string(), value: z.string().optional(), effect: z.string() }))
        .nullish(),
    })
    .optional(),
  status: z.looseObject({ conditions }).optional(),
})

const claimSchema = z.looseObject({
  metadata,
  spec: z.looseObject({ volumeName: z.string().optional() }).optional(),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
})

const volumeSchema = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      csi: z.looseObject({ driver: z.string(), volumeHandle: z.string() }).optional(),
      claimRef: z.looseObject({ namespace: z.string().optional(), name: z.string() }).optional(),
    })
    .optional(),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
})

const attachmentError = z.looseObject({ message: z.string().nullish() }).nullish()

const attachmentSchema = z.looseObject({
  metadata,
  spec: z.looseObject({
    attacher: z.string(),
    nodeName: z.string(),
    source: z.looseObject({ persistentVolumeName: z.string().nullish() }),
  }),
  status: z
    .looseObject({
      attached: z.boolean(),
      attachError: attachmentError,
      detachError: attachmentError,
    })
    .optional(),
})

const eventSchema = z.looseObject({
  metadata,
  involvedObject: z.looseObject({
    kind: z.string().optional(),
    name: z.string().optional(),
    uid: z.string().optional(),
  }),
  type: z.string().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  count: z.number().nullish(),
})

const leaseSchema = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
    })
    .optional(),
})

/** The objects that a hub watches, by kind; fields that are not named here are there all the same. */
export interface WatchedObjects {
  pod: z.infer<typeof podSchema>
  node: z.infer<typeof nodeSchema>
  claim: z.infer<typeof claimSchema>
  volume: z.infer<typeof volumeSchema>
  attachment: z.infer<typeof attachmentSchema>
  event: z.infer<typeof eventSchema>
  lease: z.infer<typeof leaseSchema>
}

export type WatchedKind = keyof WatchedObjects

export interface KindAccess<T> {
  /** Path of the collection in the API. */
  readonly path: (namespace: string) => string
  readonly parse: (object: unknown) => T
}

/** Where the kinds are found, and how they are read. */
export const KINDS: { readonly [K in WatchedKind]: KindAccess<WatchedObjects[K]> } = {
  pod: {
    path: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
    parse: (object) => podSchema.parse(object),
  },
  node: { path: () => '/api/v1/nodes', parse: (object) => nodeSchema.parse(object) },
  claim: {
    path: (namespace) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
    parse: (object) => claimSchema.parse(object),
  },
  volume: {
    path: () => '/api/v1/persistentvolumes',
    parse: (object) => volumeSchema.parse(object),
  },
  attachment: {
    path: () => '/apis/storage.k8s.io/v1/volumeattachments',
    parse: (object) => attachmentSchema.parse(object),
  },
  event: {
    path: (namespace) => `/api/v1/namespaces/${namespace}/events`,
    parse: (object) => eventSchema.parse(object),
  },
  // The kubelets' heartbeats, one per node and of its name.
  lease: {
    path: () => '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
    parse: (object) => leaseSchema.parse(object),
  },
}

/** All kinds, in the order in which they are started. */
export const WATCHED_KINDS = [
  'node',
  'pod',
  'claim',
  'volume',
  'attachment',
  'event',
  'lease',
] as const satisfies readonly WatchedKind[]
