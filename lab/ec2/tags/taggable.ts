import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findInstance } from '../instances/instance.ts'
import { findSubnet } from '../network/vpc.ts'
import { findSnapshot } from '../snapshots/snapshot.ts'
import { findVolume } from '../volumes/volume.ts'

/** A resource that has tags. A new kind of resource gets a line in each of the two functions. */
export interface Taggable {
  readonly id: string
  readonly type: 'instance' | 'volume' | 'snapshot' | 'subnet' | 'vpc'
  readonly tags: Map<string, string>
}

export function allTaggable(context: Ec2Context): readonly Taggable[] {
  const of = <T extends { readonly id: string; readonly tags: Map<string, string> }>(
    type: Taggable['type'],
    items: Iterable<T>,
  ): readonly Taggable[] => [...items].map(({ id, tags }) => ({ id, type, tags }))
  return [
    ...of('instance', context.instances.values()),
    ...of('volume', context.volumes.values()),
    ...of('snapshot', context.snapshots.values()),
    ...of('subnet', context.subnets.values()),
    ...of('vpc', [context.vpc]),
  ]
}

/** Throws the NotFound of the resource's kind, or InvalidID. */
export function findTaggable(context: Ec2Context, id: string): Taggable {
  switch (id.slice(0, id.indexOf('-'))) {
    case 'i':
      return { id, type: 'instance', tags: findInstance(context, id).tags }
    case 'vol':
      return { id, type: 'volume', tags: findVolume(context, id).tags }
    case 'snap':
      return { id, type: 'snapshot', tags: findSnapshot(context, id).tags }
    case 'subnet':
      return { id, type: 'subnet', tags: findSubnet(context, id).tags }
    case 'vpc':
      if (id === context.vpc.id) return { id, type: 'vpc', tags: context.vpc.tags }
      throw new ApiError('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`)
    default:
      throw new ApiError('InvalidID', `The ID '${id}' is not valid`)
  }
}
