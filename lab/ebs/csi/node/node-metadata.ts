import { log } from '../rpc/log.ts'
import { poll } from '../rpc/poll.ts'
import { messageOf, textAt } from '../rpc/unknown.ts'
import { DRIVER_ZONE_KEY, ZONE_KEY } from '../controller/topology.ts'
import { getJson } from './kube-get.ts'
import { loadKubeAccess } from './kube-config.ts'

/** What the machine is, as its Node object tells: upstream's `--metadata-sources=kubernetes`. */
export interface NodeMetadata {
  readonly instanceId: string
  readonly zone: string
  readonly region: string
  readonly instanceType: string
}

/** A node's own kubelet makes its Node object within seconds; the rest is for a slow API server. */
const APPEARS = { firstMs: 100, factor: 1.4, mostMs: 1000, timeoutMs: 5 * 60_000 }

/**
 * Waits for the Node object `nodeName` to have its providerID and labels, and reads them.
 *
 * @param kubeconfig path; undefined for the pod's service account
 * @throws CsiError DEADLINE_EXCEEDED after five minutes, with what was missing in the log.
 */
export async function readNodeMetadata(
  nodeName: string,
  kubeconfig: string | undefined,
  signal: AbortSignal,
): Promise<NodeMetadata> {
  let said = ''
  return await poll(`Reading node ${nodeName}`, APPEARS, signal, async () => {
    try {
      const access = await loadKubeAccess(kubeconfig)
      const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`
      return metadataOf(await getJson(access, path, signal))
    } catch (error) {
      const message = messageOf(error)
      if (message !== said) log(`waiting for node ${nodeName}: ${message}`)
      said = message
      return undefined
    }
  })
}

/** @throws Error that names what the Node object lacks. */
export function metadataOf(node: unknown): NodeMetadata {
  const label = (name: string): string => {
    const value = textAt(node, 'metadata', 'labels', name)
    if (!value) throw new Error(`its label ${name} is missing`)
    return value
  }
  const providerId = textAt(node, 'spec', 'providerID') ?? ''
  const instanceId = providerId.match(/\/(i-[a-z0-9]+)$/)?.[1]
  if (instanceId === undefined) {
    throw new Error(`its providerID "${providerId}" names no instance`)
  }
  return {
    instanceId,
    zone: label(ZONE_KEY),
    region: label('topology.kubernetes.io/region'),
    instanceType: label('node.kubernetes.io/instance-type'),
  }
}

/** The topology keys that upstream's node registers. */
export const topologyOf = (node: NodeMetadata): Readonly<Record<string, string>> => ({
  [DRIVER_ZONE_KEY]: node.zone,
  [ZONE_KEY]: node.zone,
  'kubernetes.io/os': 'linux',
})

/** Families on Xen, which take more volumes than the 28 attachments that Nitro shares. */
const XEN = /^(t1|t2|m1|m2|m3|m4|c1|c3|c4|r3|r4|i2|i3|d2|h1|p2|p3|g3|x1|x1e|f1)\./

/** EC2's limit of volumes for the instance type, less the root volume's, as upstream counts. */
export const volumeLimit = (instanceType: string): number => (XEN.test(instanceType) ? 39 : 28) - 1
