import type { V1CSINode, V1Node, V1StorageClass } from '@kubernetes/client-node'
import { isZoneKey } from '../kube/volume-affinity.ts'

/** What the external-provisioner looks at when it chooses a zone for a claim. */
export interface ProvisionerView {
  readonly storageClass: V1StorageClass
  readonly csiNodes: readonly V1CSINode[]
  readonly nodes: readonly V1Node[]
}

/** The zone predicted for a claim, or why none can be. */
export type ZonePrediction =
  | { readonly claim: string; readonly zone: string; readonly why: string }
  | { readonly claim: string; readonly zone: undefined; readonly why: string }

/** One alternative of where a volume may be: keys and values, sorted by key. */
type Term = readonly (readonly [key: string, value: string])[]

/**
 * Predicts in which zone the external-provisioner will ask for a claim's volume. It follows
 * `GenerateAccessibilityRequirements` in external-provisioner v6.3 (pkg/controller/topology.go):
 * the distinct sorted topology terms of all nodes that carry the driver's topology keys, cordoned
 * and unready ones included, or else the class's `allowedTopologies`; of these the one at
 * (FNV-1 of the StatefulSet's name + ordinal) modulo their number is preferred.
 *
 * Only for `Immediate` binding: otherwise the zone is that of the node which the scheduler picks.
 */
export function predictZone(claim: string, view: ProvisionerView): ZonePrediction {
  const { storageClass } = view
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer') {
    return { claim, zone: undefined, why: 'the scheduler picks the node first' }
  }
  const terms = requisiteTerms(view)
  if (terms.length === 0) {
    return { claim, zone: undefined, why: `no node has registered ${storageClass.provisioner}` }
  }
  const { hash, ordinal } = hashClaim(claim)
  // The sum is a uint32 there, and wraps.
  const index = ((hash + ordinal) >>> 0) % terms.length
  const zone = terms[index]?.find(([key]) => isZoneKey(key))?.[1]
  if (zone === undefined) {
    return { claim, zone, why: `${storageClass.provisioner} knows no zones` }
  }
  return {
    claim,
    zone,
    why: `(${hash} + ${ordinal}) mod ${terms.length} = ${index}, counting from 0`,
  }
}

/**
 * What of a claim's name is hashed, and the ordinal: of `cassandra-data-cassandra-1` the part
 * between the last two dashes, `cassandra`, and 1. A name that doesn't end in a number is hashed
 * whole.
 */
export function hashClaim(claim: string): { hash: number; ordinal: number } {
  const match = /^(.*)-(\d+)$/s.exec(claim)
  const ordinal = Number(match?.[2] ?? Number.NaN)
  // Go parses it as a uint32, and takes what is larger for no number at all.
  if (!match || ordinal > 0xffff_ffff) return { hash: fnv1(claim), ordinal: 0 }
  const base = match[1] ?? ''
  return { hash: fnv1(base.slice(base.lastIndexOf('-') + 1)), ordinal }
}

/** FNV-1 of 32 bits over a text's UTF-8 (not FNV-1a: multiply first). */
export function fnv1(text: string): number {
  let hash = 0x811c_9dc5
  for (const byte of Buffer.from(text, 'utf8')) {
    hash = Math.imul(hash, 0x0100_0193)
    hash = (hash ^ byte) >>> 0
  }
  return hash >>> 0
}

function requisiteTerms({ storageClass, csiNodes, nodes }: ProvisionerView): Term[] {
  const allowed = storageClass.allowedTopologies ?? []
  if (allowed.length > 0) {
    return distinctSorted(
      allowed.flatMap(({ matchLabelExpressions = [] }) =>
        matchLabelExpressions.reduce<Term[]>(
          (terms, { key, values }) =>
            values.flatMap((value) =>
              (terms.length === 0 ? [[]] : terms).map((term): Term => [...term, [key, value]]),
            ),
          [],
        ),
      ),
    )
  }
  // It takes the keys of the first node that it finds with any; a driver has the same everywhere.
  const keys = csiNodes
    .flatMap(({ spec }) => spec.drivers)
    .find(
      ({ name, topologyKeys }) => name === storageClass.provisioner && topologyKeys?.length,
    )?.topologyKeys
  if (!keys) return []
  return distinctSorted(
    nodes.flatMap((node) => {
      const labels = node.metadata?.labels ?? {}
      const term = keys.map((key): [string, string | undefined] => [key, labels[key]])
      return term.every((pair): pair is [string, string] => pair[1] !== undefined) ? [term] : []
    }),
  )
}

function distinctSorted(terms: readonly Term[]): Term[] {
  const sorted = terms
    .map((term) => term.toSorted(([a, x], [b, y]) => compareBytes(a, b) || compareBytes(x, y)))
    .toSorted(compareTerms)
  return sorted.filter((term, i) => i === 0 || compareTerms(term, sorted[i - 1] ?? []) !== 0)
}

function compareTerms(a: Term, b: Term): number {
  if (a.length !== b.length) return a.length - b.length
  for (const [i, [key, value]] of a.entries()) {
    const [otherKey, otherValue] = b[i] ?? ['', '']
    const order = compareBytes(key, otherKey) || compareBytes(value, otherValue)
    if (order !== 0) return order
  }
  return 0
}

/** Go compares bytes, not the letters of a language. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
