import { z } from 'zod'
import type { Undo } from '../model/journal.ts'

const nodeInstance = z.object({ id: z.string(), node: z.string() })
const inPod = { namespace: z.string(), pod: z.string(), uid: z.string() }
const strings = z.array(z.string())

/** An undo as a journal holds it. */
export const undoSchema: z.ZodType<Undo> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('delete-object'),
    apiVersion: z.string(),
    objectKind: z.string(),
    namespace: z.string().exactOptional(),
    name: z.string(),
    awaitGone: z.boolean(),
  }),
  z.object({
    kind: z.literal('delete-claims'),
    namespace: z.string(),
    selector: z.string(),
    prefixes: strings.exactOptional(),
  }),
  z.object({ kind: z.literal('set-unschedulable'), node: z.string(), value: z.boolean() }),
  z.object({
    kind: z.literal('scale-statefulset'),
    namespace: z.string(),
    name: z.string(),
    replicas: z.int().min(0),
  }),
  z.object({ kind: z.literal('start-instances'), instances: z.array(nodeInstance) }),
  z.object({
    kind: z.literal('resume-processes'),
    group: z.string(),
    processes: strings,
    instances: strings,
  }),
  z.object({
    kind: z.literal('await-replacement'),
    group: z.string(),
    zone: z.string(),
    instance: nodeInstance,
    count: z.int().min(1),
  }),
  z.object({ kind: z.literal('terminate-launched'), token: z.string() }),
  z.object({
    kind: z.literal('restore-acl-association'),
    subnetId: z.string(),
    aclId: z.string(),
    token: z.string(),
  }),
  z.object({ kind: z.literal('delete-acl'), token: z.string() }),
  z.object({ kind: z.literal('delete-copies'), token: z.string() }),
  z.object({
    kind: z.literal('restart-databases'),
    hosts: z.array(z.object({ instanceId: z.string(), address: z.string() })),
    onInstance: z.string(),
    restart: z.string(),
  }),
  z.object({ kind: z.literal('restore-capacity'), zone: z.string() }),
  z.object({
    kind: z.literal('remount-volume'),
    ...inPod,
    node: z.string(),
    wasUnschedulable: z.boolean(),
    volumeId: z.string(),
    instanceId: z.string(),
    attachment: z.string(),
  }),
  z.object({
    kind: z.literal('remove-taint'),
    node: z.string(),
    key: z.string(),
    effect: z.string(),
  }),
  z.object({
    kind: z.literal('continue-process'),
    ...inPod,
    container: z.string(),
    containerId: z.string(),
    pid: z.int().min(1),
  }),
  z.object({ kind: z.literal('none') }),
])
