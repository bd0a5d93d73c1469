import type { V1Node, V1NodeSelectorTerm, V1PersistentVolume } from '@kubernetes/client-node'

/** Whether a volume may be used on a node: terms are alternatives, expressions of one all hold. */
export function nodeMatchesVolume(node: V1Node, volume: V1PersistentVolume): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms
  if (!terms) return true
  return terms.some((term) => matchesTerm(node, term))
}

/** Zones that a volume's node affinity admits; empty when it names none. */
export function zonesOfVolume(volume: V1PersistentVolume): string[] {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const zones = terms.flatMap((term) =>
    (term.matchExpressions ?? [])
      .filter(({ key, operator }) => isZoneKey(key) && operator === 'In')
      .flatMap(({ values }) => values ?? []),
  )
  return [...new Set(zones)].toSorted()
}

/** Labels under which zones go: Kubernetes' own, its old name, and those of CSI drivers. */
export function isZoneKey(key: string): boolean {
  return key.startsWith('topology.') ? key.endsWith('/zone') : key === OLD_ZONE_LABEL
}

const OLD_ZONE_LABEL = 'failure-domain.beta.kubernetes.io/zone'

/** Zone of a node by its labels. */
export function zoneOfNode(node: V1Node): string | undefined {
  const labels = node.metadata?.labels
  return labels?.['topology.kubernetes.io/zone'] ?? labels?.[OLD_ZONE_LABEL]
}

function matchesTerm(node: V1Node, term: V1NodeSelectorTerm): boolean {
  const labels = node.metadata?.labels ?? {}
  return (term.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key]
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      case 'Gt':
        return value !== undefined && Number(value) > Number(values[0])
      case 'Lt':
        return value !== undefined && Number(value) < Number(values[0])
      default:
        return false
    }
  })
}
