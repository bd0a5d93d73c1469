import type { Placement } from './placement.ts'

/** Who a database node is, beyond the pod that happens to run it. */
export interface Identity {
  readonly name: string
  /** Of the pod object: each recreation has another. */
  readonly uid: string
  readonly ip: string | undefined
  readonly claims: readonly string[]
  readonly volumeIds: readonly string[]
  /** Cassandra's own name for itself; absent where it wasn't asked. */
  readonly hostId?: string
}

/** What is claimed about a pod that came back. */
export interface IdentityClaim {
  /** The pod's name, and the names of its claims. */
  readonly sameName?: boolean
  /** The very same volume behind the same claims. */
  readonly sameVolume?: boolean
  /** The same member of the ring, not a new one under the old name. */
  readonly sameHostId?: boolean
  /** Another address than before: clients must go by the name. */
  readonly newAddress?: boolean
}

/** Takes who a pod is from where it is. */
export function identityOf(placement: Placement, hostId?: string): Identity {
  return {
    name: placement.pod,
    uid: placement.uid,
    ip: placement.ip,
    claims: placement.volumes.map(({ claim }) => claim).toSorted(),
    volumeIds: placement.volumes
      .map(({ volumeId, volume }) => volumeId ?? volume ?? '?')
      .toSorted(),
    ...(hostId === undefined ? {} : { hostId }),
  }
}

/**
 * Compares who came back with who was there. The pod's UID must have changed: otherwise nothing
 * came back, the old pod is still there.
 *
 * @returns what isn't as claimed, as sentences, and what could not be compared
 */
export function compareIdentity(
  before: Identity,
  after: Identity,
  claim: IdentityClaim,
): { readonly differences: string[]; readonly unknown: string[] } {
  const differences: string[] = []
  const unknown: string[] = []
  const { name } = before
  if (before.uid === after.uid) unknown.push(`Pod ${name} was never replaced.`)
  if (claim.sameName === true) {
    if (name !== after.name) differences.push(`Pod ${name} came back as ${after.name}.`)
    if (before.claims.join() !== after.claims.join()) {
      differences.push(
        `${name} had the claims ${before.claims.join()}, now ${after.claims.join()}.`,
      )
    }
  }
  if (claim.sameVolume === true) {
    const [was, is] = [before.volumeIds.join(), after.volumeIds.join()]
    if (was === '' || is === '') unknown.push(`Pod ${name} has no volume.`)
    else if (was !== is) differences.push(`${name} was on volume ${was} and is on ${is}.`)
  }
  if (claim.sameHostId === true) {
    if (before.hostId === undefined || after.hostId === undefined) {
      unknown.push(`The host id of ${name} is not known.`)
    } else if (before.hostId !== after.hostId) {
      differences.push(`${name} was host ${before.hostId} and is ${after.hostId}: another member.`)
    }
  }
  if (claim.newAddress === true) {
    if (before.ip === undefined || after.ip === undefined) {
      unknown.push(`The address of ${name} is not known.`)
    } else if (before.ip === after.ip) {
      unknown.push(`${name} got its old address ${after.ip} again, so nothing is proven of names.`)
    }
  }
  return { differences, unknown }
}
