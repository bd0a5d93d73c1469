import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { REGION } from '../network/vpc.ts'
import { until } from '../std/until.ts'
import type { ApiClient, KubeObject } from './api-client.ts'
import { LAB_CREDENTIALS } from './control-plane.ts'

const FOLDER = join(import.meta.dirname, 'addons')
const FILES = ['coredns.yaml']
const READY_TIMEOUT_MS = 120_000

/** Brings the cluster's add-ons to what the files in `addons/` say. */
export async function applyAddons(api: ApiClient, ec2Endpoint: string): Promise<void> {
  const inKubeSystem = (name: string) => ({ name, namespace: 'kube-system' })
  await api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inKubeSystem('ebs-csi-lab'),
    data: { AWS_REGION: REGION, AWS_ENDPOINT_URL_EC2: ec2Endpoint },
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
  for (const file of FILES) {
    const text = await readFile(join(FOLDER, file), 'utf8')
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubeObject | null
      if (object !== null) await api.apply(object)
    }
  }
}

interface List<T> {
  readonly items: readonly T[]
}

/** Waits until every node is Ready with its CSI driver, DNS answers and volumes can be made. */
export async function addonsReady(
  api: ApiClient,
  options: { nodes: number; logs: string },
): Promise<void> {
  const budget = { timeoutMs: READY_TIMEOUT_MS, intervalMs: 50, log: options.logs }
  await until(`the nodes' readiness`, budget, async () => {
    const nodes = (await api.get('/api/v1/nodes')) as List<{
      status?: { conditions?: readonly { type: string; status: string }[] }
    }>
    const ready = nodes.items.filter(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ).length
    if (ready < options.nodes) throw new Error(`${ready} of ${options.nodes} are Ready`)
    return true
  })
  await until('the registration of the CSI driver', budget, async () => {
    const nodes = (await api.get('/apis/storage.k8s.io/v1/csinodes')) as List<{
      spec?: { drivers?: readonly { name: string }[] | null }
    }>
    const registered = nodes.items.filter(({ spec }) =>
      spec?.drivers?.some(({ name }) => name === 'ebs.csi.aws.com'),
    ).length
    if (registered < options.nodes) throw new Error(`on ${registered} of ${options.nodes} nodes`)
    return true
  })
  for (const name of ['coredns']) {
    await until(`the start of ${name}`, budget, async () => {
      const deployment = (await api.get(
        `/apis/apps/v1/namespaces/kube-system/deployments/${name}`,
      )) as { spec: { replicas: number }; status?: { readyReplicas?: number } }
      const ready = deployment.status?.readyReplicas ?? 0
      if (ready < deployment.spec.replicas) {
        throw new Error(`${ready} of ${deployment.spec.replicas} are ready`)
      }
      return true
    })
  }
}
