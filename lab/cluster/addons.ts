import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { REGION } from '../network/vpc.ts'
import { until } from '../std/until.ts'
import type { ApiClient, KubeObject } from './api-client.ts'
import { LAB_CREDENTIALS } from './control-plane.ts'

const FOLDER = join(import.meta.dirname, 'addons')
const FILES = ['coredns.yaml', 'ebs-csi.yaml']
const READY_TIMEOUT_MS = 120_000
/** Where a machine has the upstream driver, and where upstream's image has it. */
const MACHINE_DRIVER = '/opt/zonefall/aws-ebs-csi-driver'
const IMAGE_DRIVER = '/bin/aws-ebs-csi-driver'

/**
 * Brings the cluster's add-ons to what the files in `addons/` say. Their Deployments wait until all
 * nodes are Ready: else every replica lands on the one that happens to be first, in one zone.
 */
export async function applyAddons(
  api: ApiClient,
  options: { ec2Endpoint: string; nodes: number; logs: string; upstreamDriver: boolean },
): Promise<void> {
  const inKubeSystem = (name: string) => ({ name, namespace: 'kube-system' })
  await api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inKubeSystem('ebs-csi-lab'),
    data: { AWS_REGION: REGION, AWS_ENDPOINT_URL_EC2: options.ec2Endpoint },
  })
  await api.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inKubeSystem('aws-secret'),
    stringData: {
      key_id: LAB_CREDENTIALS.accessKeyId,
      access_key: LAB_CREDENTIALS.secretAccessKey,
    },
  })
  const texts = await Promise.all(FILES.map((file) => readFile(join(FOLDER, file), 'utf8')))
  const asRead = texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as unknown))
    .filter((object): object is KubeObject => object !== null)
  const objects = options.upstreamDriver ? asRead.map(withUpstreamDriver) : asRead
  const isDeployment = ({ kind }: KubeObject) => kind === 'Deployment'
  for (const object of objects.filter((object) => !isDeployment(object))) await api.apply(object)
  await nodesReady(api, options)
  await Promise.all(objects.filter(isDeployment).map((object) => api.apply(object)))
}

const controller = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({ name: z.string(), volumeMounts: z.array(z.unknown()).default([]) }),
        ),
        volumes: z.array(z.unknown()).default([]),
      }),
    }),
  }),
})

/**
 * The controller with the upstream driver, which every machine has, in place of its image's own.
 * Arguments and environment are upstream's already.
 */
function withUpstreamDriver(object: KubeObject): KubeObject {
  if (object.metadata.name !== 'ebs-csi-controller' || object.kind !== 'Deployment') return object
  const { spec, ...rest } = { ...object, ...controller.parse(object) }
  const { template } = spec
  const volume = 'upstream-driver'
  const containers = template.spec.containers.map((container) =>
    container.name !== 'ebs-plugin'
      ? container
      : {
          ...container,
          command: [IMAGE_DRIVER],
          volumeMounts: [
            ...container.volumeMounts,
            { name: volume, mountPath: IMAGE_DRIVER, readOnly: true },
          ],
        },
  )
  const hostPath = { path: MACHINE_DRIVER, type: 'File' }
  const volumes = [...template.spec.volumes, { name: volume, hostPath }]
  const pod = { ...template.spec, containers, volumes }
  return { ...rest, spec: { ...spec, template: { ...template, spec: pod } } }
}

const nodeList = z.object({
  items: z.array(
    z.object({
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
})
const csiNodeList = z.object({
  items: z.array(
    z.object({ spec: z.object({ drivers: z.array(z.object({ name: z.string() })).nullish() }) }),
  ),
})
const deployment = z.object({
  spec: z.object({ replicas: z.int() }),
  status: z.object({ readyReplicas: z.int().default(0) }),
})

async function nodesReady(api: ApiClient, options: { nodes: number; logs: string }): Promise<void> {
  const budget = { timeoutMs: READY_TIMEOUT_MS, intervalMs: 50, log: options.logs }
  await until(`the nodes' readiness`, budget, async () => {
    const nodes = nodeList.parse(await api.get('/api/v1/nodes'))
    const ready = nodes.items.filter(({ status }) =>
      status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ).length
    if (ready < options.nodes) throw new Error(`${ready} of ${options.nodes} are Ready`)
    return true
  })
}

/** Waits until the CSI driver is on every node, DNS answers and volumes can be made. */
export async function addonsReady(
  api: ApiClient,
  options: { nodes: number; logs: string },
): Promise<void> {
  const budget = { timeoutMs: READY_TIMEOUT_MS, intervalMs: 50, log: options.logs }
  await until('the registration of the CSI driver', budget, async () => {
    const nodes = csiNodeList.parse(await api.get('/apis/storage.k8s.io/v1/csinodes'))
    const registered = nodes.items.filter(({ spec }) =>
      spec.drivers?.some(({ name }) => name === 'ebs.csi.aws.com'),
    ).length
    if (registered < options.nodes) throw new Error(`on ${registered} of ${options.nodes} nodes`)
    return true
  })
  for (const name of ['coredns', 'ebs-csi-controller']) {
    await until(`the start of ${name}`, budget, async () => {
      const { spec, status } = deployment.parse(
        await api.get(`/apis/apps/v1/namespaces/kube-system/deployments/${name}`),
      )
      if (status.readyReplicas < spec.replicas) {
        throw new Error(`${status.readyReplicas} of ${spec.replicas} are ready`)
      }
      return true
    })
  }
}
