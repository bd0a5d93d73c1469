import { z } from 'zod'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import { quantityOf } from '../kube/quantity.ts'
import type { Workload } from '../kube/workload.ts'

const claimsSchema = z.object({
  spec: z.object({
    volumeClaimTemplates: z.array(
      z.object({
        spec: z.object({
          storageClassName: z.string().optional(),
          resources: z.object({ requests: z.object({ storage: z.string() }) }),
        }),
      }),
    ),
  }),
})
const classSchema = z.object({ parameters: z.record(z.string(), z.string()).optional() })

/** What the EBS CSI driver makes where its class names no type. */
const TYPE_BY_DEFAULT = 'gp3'

/** The volumes that a database's claims ask for, one for each replica and claim. */
export async function volumesOf(
  objects: readonly ManifestObject[],
  { statefulSet, replicas }: Workload,
  cluster: Cluster | undefined,
): Promise<{ type: string; gib: number }[]> {
  const set = objects.find(
    ({ object }) => object.kind === 'StatefulSet' && object.metadata.name === statefulSet,
  )
  const parsed = claimsSchema.safeParse(set?.object)
  if (!parsed.success) return []
  const volumes: { type: string; gib: number }[] = []
  for (const { spec } of parsed.data.spec.volumeClaimTemplates) {
    const type = await typeOf(spec.storageClassName, objects, cluster)
    const gib = gibOf(spec.resources.requests.storage)
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) volumes.push({ type, gib })
  }
  return volumes
}

async function typeOf(
  name: string | undefined,
  objects: readonly ManifestObject[],
  cluster: Cluster | undefined,
): Promise<string> {
  const own = objects.find(
    ({ object }) => object.kind === 'StorageClass' && object.metadata.name === name,
  )?.object
  const found = own ?? (name === undefined ? undefined : await orAbsent(readClass(cluster, name)))
  const parsed = classSchema.safeParse(found)
  return (parsed.success ? parsed.data.parameters?.['type'] : undefined) ?? TYPE_BY_DEFAULT
}

function readClass(cluster: Cluster | undefined, name: string): Promise<unknown> {
  return cluster ? cluster.storage.readStorageClass({ name }) : Promise.resolve(undefined)
}

/** Whole GiB, as EBS sells them; 0 of what is no quantity. */
function gibOf(quantity: string): number {
  return Math.ceil(quantityOf(quantity) / 2 ** 30)
}
