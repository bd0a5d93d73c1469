import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findInstance } from '../instances/instance.ts'
import { findAcl } from '../network-acls/network-acl.ts'
import { allInterfaces, findInterface } from '../network-interfaces/network-interface.ts'
import { findSubnet, findVpc } from '../network/vpc.ts'
import { findSnapshot } from '../snapshots/snapshot.ts'
import { findVolume } from '../volumes/volume.ts'

type ResourceType =
  | 'instance'
  | 'volume'
  | 'snapshot'
  | 'subnet'
  | 'vpc'
  | 'network-acl'
  | 'network-interface'

/** A resource that has tags. A new kind of resource gets a line in each of the two functions. */
export interface Taggable {
  readonly id: string
  readonly type: ResourceType
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
    ...of('network-acl', context.networkAcls.values()),
    ...of('network-interface', allInterfaces(context)),
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
      return { id, type: 'vpc', tags: findVpc(context, id).tags }
    case 'acl':
      return { id, type: 'network-acl', tags: findAcl(context, id).tags }
    case 'eni':
      return { id, type: 'network-interface', tags: findInterface(context, id).tags }
    default:
      throw new ApiError('InvalidID', `The ID '${id}' is not valid`)
  }
}
