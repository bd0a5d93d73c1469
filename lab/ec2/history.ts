import type { Ec2Context } from './context.ts'
import type { Instance } from './instances/instance.ts'
import type { NetworkAcl } from './network-acls/network-acl.ts'
import type { Random } from './seeded-random.ts'
import type { Snapshot } from './snapshots/snapshot.ts'
import type { Volume } from './volumes/volume.ts'

/** EC2's eventual consistency: answers tell what was, up to so long ago. */
export interface EventualOptions {
  readonly maxLagMs: number
}

/** The resources that are made and changed by calls, as they were at a time. */
type World = Pick<
  Ec2Context,
  'instances' | 'volumes' | 'snapshots' | 'networkAcls' | 'aclAssociations'
>

/** Half of the answers are up to date, as on EC2 most are. */
const UP_TO_DATE_SHARE = 0.5

/**
 * What the account was like lately, for clients that have to live with EC2's eventual consistency:
 * what was just made may not be there yet, a change may be seen late, and two answers in a row may
 * contradict each other, because they come from different copies.
 */
export class History {
  readonly #context: Ec2Context
  readonly #options: EventualOptions
  readonly #random: Random
  /** In the order of their times; at least one that is older than the longest lag. */
  #worlds: readonly { readonly atMs: number; readonly world: World }[]

  constructor(context: Ec2Context, options: EventualOptions, random: Random) {
    this.#context = context
    this.#options = options
    this.#random = random
    this.#worlds = [{ atMs: -Infinity, world: copyOf(context) }]
  }

  /** Keeps what there is now; to be called after every change. */
  note(): void {
    const atMs = this.#context.clock.now()
    const kept = this.#worlds.filter((one) => one.atMs !== atMs)
    const old = kept.findLastIndex((one) => one.atMs <= atMs - this.#options.maxLagMs)
    this.#worlds = [...kept.slice(Math.max(old, 0)), { atMs, world: copyOf(this.#context) }]
  }

  /** The account as one answer sees it: now, or a while ago. Nothing may be changed in it. */
  look(): Ec2Context {
    const { maxLagMs } = this.#options
    const draw = this.#random()
    if (draw < UP_TO_DATE_SHARE) return this.#context
    const lagMs = ((draw - UP_TO_DATE_SHARE) / (1 - UP_TO_DATE_SHARE)) * maxLagMs
    const untilMs = this.#context.clock.now() - lagMs
    const seen = this.#worlds.findLast(({ atMs }) => atMs <= untilMs) ?? this.#worlds[0]
    return { ...this.#context, ...seen?.world }
  }
}

const copyOf = (context: Ec2Context): World => ({
  instances: copied(context.instances, (one): Instance => {
    return { ...one, tags: new Map(one.tags), interfaceTags: new Map(one.interfaceTags) }
  }),
  volumes: copied(context.volumes, (one): Volume => {
    const { state, modification, tags } = one
    return {
      ...one,
      tags: new Map(tags),
      state: state.name === 'in-use' ? { ...state, attachment: { ...state.attachment } } : state,
      modification: modification && { ...modification },
    }
  }),
  snapshots: copied(context.snapshots, (one): Snapshot => ({ ...one, tags: new Map(one.tags) })),
  networkAcls: copied(context.networkAcls, (one): NetworkAcl => ({
    ...one,
    tags: new Map(one.tags),
  })),
  aclAssociations: new Map(context.aclAssociations),
})

const copied = <T>(items: ReadonlyMap<string, T>, copy: (item: T) => T): Map<string, T> =>
  new Map([...items].map(([id, item]) => [id, copy(item)]))
