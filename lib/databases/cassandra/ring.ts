import type { RingMember } from './nodetool.ts'

/** What one pod's node says about the ring. */
export interface RingView {
  /** Pod that was asked. */
  readonly asked: string
  readonly members: readonly RingMember[]
}

/**
 * What is wrong with a ring that should consist of exactly these nodes, all up and normal, in the
 * eyes of every node asked; empty when all is well.
 *
 * @param expected address by pod
 */
export function ringProblems(
  views: readonly RingView[],
  expected: ReadonlyMap<string, string>,
): string[] {
  const problems: string[] = []
  for (const { asked, members } of views) {
    for (const [pod, address] of expected) {
      const member = members.find((item) => item.address === address)
      if (!member) problems.push(`${asked} doesn't know ${pod} (${address}).`)
      else if (!isUpNormal(member)) {
        problems.push(`${asked} sees ${pod} (${address}) ${describe(member)}.`)
      }
    }
    const known = new Set(expected.values())
    for (const member of members.filter(({ address }) => !known.has(address))) {
      problems.push(`${asked} knows ${member.address}, ${describe(member)}, which no pod has.`)
    }
  }
  return problems
}

/** What is wrong with the claim that every node asked sees a member as down; by its host id. */
export function notSeenDown(views: readonly RingView[], hostId: string): string[] {
  return views.flatMap(({ asked, members }) => {
    const member = members.find((item) => item.hostId === hostId)
    if (!member) return [`${asked} doesn't know the host ${hostId} at all.`]
    return member.up ? [`${asked} sees ${member.address} ${describe(member)}.`] : []
  })
}

/**
 * What is wrong with the claim that every node asked knows each pod's node in the rack that is called
 * like the pod's zone; empty when it does.
 *
 * @param pods name and zone by address
 */
export function foreignRacks(
  views: readonly RingView[],
  pods: ReadonlyMap<string, { readonly pod: string; readonly zone: string | undefined }>,
): string[] {
  const told = views.flatMap(({ asked, members }) =>
    [...pods].flatMap(([address, { pod, zone }]) => {
      const rack = members.find((item) => item.address === address)?.rack
      if (rack === undefined) return [`${asked} doesn't know ${pod} (${address}).`]
      return rack === zone ? [] : [`${pod} is in rack ${rack}, not in its zone ${zone ?? '?'}.`]
    }),
  )
  return [...new Set(told)]
}

/** Host id of the member at an address, where all views that know it agree. */
export function hostIdAt(views: readonly RingView[], address: string): string | undefined {
  const ids = new Set(
    views.flatMap(({ members }) =>
      members.filter((item) => item.address === address).map(({ hostId }) => hostId),
    ),
  )
  return ids.size === 1 ? [...ids][0] : undefined
}

function isUpNormal({ up, state }: RingMember): boolean {
  return up && state === 'normal'
}

function describe({ up, state }: RingMember): string {
  return `${up ? 'up' : 'down'} and ${state}`
}
