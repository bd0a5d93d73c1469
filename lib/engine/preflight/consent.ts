import type { V1ConfigMap } from '@kubernetes/client-node'
import { FAULT_NAMES, type FaultName } from '../../model/scenario.ts'
import type { Refusal } from './refusal.ts'

/** Where a cluster says that it may be broken. */
export const CONSENT = { namespace: 'zonefall', name: 'consent' } as const

/** What the owners of a cluster allow. */
export interface Consent {
  /** UID of the namespace kube-system: a consent that was copied along is none. */
  readonly clusterUid: string
  /** `*`: all. */
  readonly nodeGroups: readonly string[]
  readonly faults: readonly FaultName[]
}

/** The ConfigMap by which a cluster allows runs, as YAML to apply. */
export function consentManifest({ clusterUid, nodeGroups, faults }: Consent): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${CONSENT.namespace}
---
# Whoever applies this allows zonefall to break these node groups with these faults.
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${CONSENT.name}
  namespace: ${CONSENT.namespace}
data:
  # kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'
  clusterUid: ${JSON.stringify(clusterUid)}
  # One a line: names of EKS node groups, or of Auto Scaling groups; * means every node.
  nodeGroups: |
${nodeGroups.map((group) => `    ${group}`).join('\n')}
  # One a line; * means every fault that zonefall knows.
  faults: |
${faults.map((fault) => `    ${fault}`).join('\n')}
`
}

/** Reads the ConfigMap, or says why it allows nothing. */
export function readConsent(
  found: V1ConfigMap | undefined,
  clusterUid: string,
  context: string,
): Consent | Refusal {
  const apply = `npx zonefall init --context ${context} && kubectl --context ${context} apply -f zonefall-consent.yaml`
  const refuse = (text: string): Refusal => ({ check: 'consent', text, todo: apply })
  if (!found) {
    return refuse(
      `The cluster of context ${context} has not consented: there is no ConfigMap ${CONSENT.name} in its namespace ${CONSENT.namespace}.`,
    )
  }
  const { data = {} } = found
  const uid = data['clusterUid']?.trim() ?? ''
  if (uid !== clusterUid) {
    return refuse(
      `The consent in the cluster of context ${context} is for another cluster: it names ${uid || 'none'}, and this one is ${clusterUid}.`,
    )
  }
  const words = (key: string): string[] =>
    (data[key] ?? '').split(/[\s,]+/).filter((word) => word !== '')
  const named = words('faults')
  const unknown = named.find((name) => name !== '*' && !FAULT_NAMES.some((fault) => fault === name))
  if (unknown !== undefined)
    return refuse(`The consent names a fault that there isn't: ${unknown}.`)
  const nodeGroups = words('nodeGroups')
  if (nodeGroups.length === 0) return refuse('The consent names no node group.')
  return {
    clusterUid: uid,
    nodeGroups,
    faults: FAULT_NAMES.filter((fault) => named.includes('*') || named.includes(fault)),
  }
}

export function isRefusal(answer: Consent | Refusal): answer is Refusal {
  return 'todo' in answer
}
