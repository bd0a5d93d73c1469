import type { V1Node, V1Pod } from '@kubernetes/client-node'
import type { ClusterFacts } from './facts.ts'

/** Pods of a cluster on which a run's results depend, by their label. */
const HELPERS = [
  { name: 'CoreDNS', label: 'k8s-app', value: 'kube-dns' },
  { name: "the EBS CSI driver's controller", label: 'app', value: 'ebs-csi-controller' },
] as const

/** Says where CoreDNS and the CSI controller run: a fault there changes what a run finds. */
export function whereHelpersRun({ pods, nodes }: Pick<ClusterFacts, 'pods' | 'nodes'>): string[] {
  return HELPERS.flatMap(({ name, label, value }) => {
    const places = pods
      .filter(({ metadata }) => metadata?.labels?.[label] === value)
      .map((pod) => place(pod, nodes))
    return places.length === 0 ? [] : [`${capital(name)} runs on ${places.join(', ')}.`]
  })
}

function place({ spec }: V1Pod, nodes: readonly V1Node[]): string {
  const node = nodes.find(({ metadata }) => metadata?.name === spec?.nodeName)
  const zone = node?.metadata?.labels?.['topology.kubernetes.io/zone']
  return `${spec?.nodeName ?? 'no node'}${zone === undefined ? '' : ` (${zone})`}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
