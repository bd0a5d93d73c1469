import type { Cluster } from '../../kube/cluster.ts'
import { InconclusiveError } from '../../model/errors.ts'
import { type CassandraPod, nodetool, parseEndpoints } from './nodetool.ts'

/** Who keeps the rows of a part of the ring: tokens above `afterToken`, up to `upToToken`. */
export interface TokenRange {
  readonly afterToken: bigint
  readonly upToToken: bigint
  /** Addresses of the replicas, sorted. */
  readonly addresses: readonly string[]
}

/**
 * All ranges of a keyspace as a pod's node knows them: one call where `nodetool getendpoints` takes
 * one for each key.
 */
export async function readTokenRanges(
  cluster: Cluster,
  pod: CassandraPod,
  keyspace: string,
): Promise<TokenRange[]> {
  const ranges = parseTokenRanges(await nodetool(cluster, pod, ['describering', keyspace]))
  if (ranges.length === 0) {
    throw new InconclusiveError(`nodetool describering in pod ${pod.name} lists no range.`)
  }
  return ranges
}

/** The ranges in what `nodetool describering` prints, of 3.11 and of 5. */
export function parseTokenRanges(output: string): TokenRange[] {
  return [...output.matchAll(RANGE)].map(([, after = '', upTo = '', endpoints = '']) => ({
    afterToken: BigInt(after),
    upToToken: BigInt(upTo),
    addresses: parseEndpoints(endpoints.replaceAll(',', ' ')),
  }))
}

const RANGE = /TokenRange\(start_token:(-?\d+), end_token:(-?\d+), endpoints:\[([^\]]*)\]/g

/** Addresses of the replicas of a token; undefined when it is in no range, or in several. */
export function addressesOf(
  ranges: readonly TokenRange[],
  token: bigint,
): readonly string[] | undefined {
  const found = ranges.filter((range) => isIn(range, token))
  return found.length === 1 ? found[0]?.addresses : undefined
}

/** The range that goes round begins above where it ends; one that is the whole ring at its end. */
function isIn({ afterToken, upToToken }: TokenRange, token: bigint): boolean {
  return afterToken < upToToken
    ? token > afterToken && token <= upToToken
    : token > afterToken || token <= upToToken
}
