import { z } from 'zod'
import { PreflightError } from '../model/errors.ts'
import type { ManifestObject } from './manifests.ts'

/** What a scenario has to know of the manifests that it deploys. */
export interface Workload {
  readonly statefulSet: string
  readonly namespace: string
  readonly replicas: number
  /** The database's container in each pod. */
  readonly container: string
  /** The headless Service that gives the pods their names. */
  readonly governingService: string
  readonly port: number
  /** Labels by which the StatefulSet knows its pods; its claims get them too. */
  readonly selector: Readonly<Record<string, string>>
  readonly claims: readonly { readonly template: string; readonly storageClass?: string }[]
}

const port = z.looseObject({
  name: z.string().optional(),
  port: z.number().optional(),
  containerPort: z.number().optional(),
  targetPort: z.union([z.number(), z.string()]).optional(),
})

const statefulSetSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec: z.looseObject({
    serviceName: z.string().optional(),
    replicas: z.number().optional(),
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()).optional() }),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
      spec: z.looseObject({
        containers: z
          .array(z.looseObject({ name: z.string(), ports: z.array(port).optional() }))
          .min(1),
      }),
    }),
    volumeClaimTemplates: z
      .array(
        z.looseObject({
          metadata: z.looseObject({ name: z.string() }),
          spec: z.looseObject({ storageClassName: z.string().optional() }),
        }),
      )
      .optional(),
  }),
})

const serviceSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    selector: z.record(z.string(), z.string()).optional(),
    ports: z.array(port).optional(),
  }),
})

/**
 * Finds the one StatefulSet, its database container and its Services.
 *
 * @param databasePort the port that clients of this database use: 9042 for Cassandra
 * @throws PreflightError that names what is missing
 */
export function findWorkload(
  objects: readonly ManifestObject[],
  databasePort: number,
  defaultNamespace = 'default',
): Workload {
  const sets = objects.filter(({ object }) => object.kind === 'StatefulSet')
  const [found] = sets
  if (!found || sets.length > 1) {
    throw new PreflightError(
      found
        ? `The manifests hold ${sets.length} StatefulSets (${sets.map(({ object }) => object.metadata.name).join(', ')}), but exactly one is needed.`
        : `The manifests hold no StatefulSet, only ${kindsOf(objects)}.`,
      { hint: 'Name the files of one database alone.' },
    )
  }
  const { metadata, spec } = parse(statefulSetSchema, found)
  const services = objects
    .filter(({ object }) => object.kind === 'Service')
    .map((item) => parse(serviceSchema, item))
  const container = containerFor(found.origin, spec.template.spec.containers, databasePort)
  const labels = spec.template.metadata?.labels ?? {}
  const namedPorts = (container.ports ?? [])
    .filter(({ containerPort }) => containerPort === databasePort)
    .map(({ name }) => name)
  const client = services.find(
    (service) =>
      isSubset(service.spec.selector ?? {}, labels) &&
      (service.spec.ports ?? []).some(({ port, targetPort = port }) =>
        typeof targetPort === 'string'
          ? namedPorts.includes(targetPort)
          : targetPort === databasePort,
      ),
  )
  if (!client) {
    throw new PreflightError(
      `No Service leads to port ${databasePort} of the pods of StatefulSet ${metadata.name}.`,
      { hint: 'Add the Service whose selector matches the pod template and whose port it is.' },
    )
  }
  const governing = spec.serviceName
  if (governing === undefined || governing === '') {
    throw new PreflightError(`${found.origin}: StatefulSet ${metadata.name} has no serviceName.`, {
      hint: 'Name its headless Service there: without one the pods have no DNS names of their own.',
    })
  }
  if (!services.some((service) => service.metadata.name === governing)) {
    throw new PreflightError(
      `${found.origin}: the Service "${governing}" that spec.serviceName names is missing.`,
      { hint: 'Without it the pods have no DNS names of their own.' },
    )
  }
  const templates = spec.volumeClaimTemplates ?? []
  if (templates.length === 0) {
    throw new PreflightError(
      `${found.origin}: StatefulSet ${metadata.name} has no volumeClaimTemplates, so its data is on no volume.`,
    )
  }
  return {
    statefulSet: metadata.name,
    namespace: metadata.namespace ?? defaultNamespace,
    replicas: spec.replicas ?? 1,
    container: container.name,
    governingService: governing,
    port: databasePort,
    selector: spec.selector.matchLabels ?? labels,
    claims: templates.map((template) => ({
      template: template.metadata.name,
      ...(template.spec.storageClassName === undefined
        ? {}
        : { storageClass: template.spec.storageClassName }),
    })),
  }
}

/** A label selector in the form that the API's lists take. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

type Container = z.infer<typeof statefulSetSchema>['spec']['template']['spec']['containers'][number]

function containerFor(
  origin: string,
  containers: readonly Container[],
  databasePort: number,
): Container {
  const declaring = containers.filter(({ ports }) =>
    ports?.some(({ containerPort }) => containerPort === databasePort),
  )
  const [container] = declaring
  if (container && declaring.length === 1) return container
  const names = containers.map(({ name }) => name).join(', ')
  throw new PreflightError(
    `${origin}: ${declaring.length === 0 ? 'no' : 'more than one'} container of the pod template declares containerPort ${databasePort}.`,
    { hint: `Declare it on the database's container; the template has ${names}.` },
  )
}

function parse<T>(schema: z.ZodType<T>, { object, origin }: ManifestObject): T {
  const result = schema.safeParse(object)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new PreflightError(
    `${origin}: ${object.kind} ${object.metadata.name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not understood'}.`,
  )
}

function isSubset(
  part: Readonly<Record<string, string>>,
  whole: Readonly<Record<string, string>>,
): boolean {
  const pairs = Object.entries(part)
  return pairs.length > 0 && pairs.every(([key, value]) => whole[key] === value)
}

function kindsOf(objects: readonly ManifestObject[]): string {
  return [...new Set(objects.map(({ object }) => object.kind))].join(', ') || 'nothing'
}
