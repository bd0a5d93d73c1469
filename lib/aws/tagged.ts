import type { Filter, Tag } from '@aws-sdk/client-ec2'
import type { Ec2 } from './ec2.ts'
import { tagsOf } from './tags.ts'

/** What exists in an account and carries a tag. */
export interface TaggedResource {
  readonly kind: 'instance' | 'volume' | 'snapshot' | 'network interface' | 'network ACL'
  readonly id: string
  /** `available`, `running`; empty of what has none. */
  readonly state: string
  readonly tags: Readonly<Record<string, string>>
}

/** Where a resource is still listed but exists no more. */
const ENDED = new Set(['terminated', 'deleted'])

/** All volumes, snapshots, interfaces, ACLs and instances with one of the tags' keys. */
export async function listTagged(ec2: Ec2, keys: readonly string[]): Promise<TaggedResource[]> {
  const { client, sdk } = ec2
  const Filters: Filter[] = [{ Name: 'tag-key', Values: [...keys] }]
  const found: TaggedResource[] = []
  const add = (
    kind: TaggedResource['kind'],
    id: string | undefined,
    state: string | undefined,
    tags: Tag[] | undefined,
  ): void => {
    if (id === undefined || ENDED.has(state ?? '')) return
    found.push({ kind, id, state: state ?? '', tags: tagsOf({ Tags: tags }) })
  }
  for await (const page of sdk.paginateDescribeInstances({ client }, { Filters })) {
    for (const one of (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)) {
      add('instance', one.InstanceId, one.State?.Name, one.Tags)
    }
  }
  for await (const page of sdk.paginateDescribeVolumes({ client }, { Filters })) {
    for (const one of page.Volumes ?? []) add('volume', one.VolumeId, one.State, one.Tags)
  }
  const own = { Filters, OwnerIds: ['self'] }
  for await (const page of sdk.paginateDescribeSnapshots({ client }, own)) {
    for (const one of page.Snapshots ?? []) add('snapshot', one.SnapshotId, one.State, one.Tags)
  }
  for await (const page of sdk.paginateDescribeNetworkInterfaces({ client }, { Filters })) {
    for (const one of page.NetworkInterfaces ?? []) {
      add('network interface', one.NetworkInterfaceId, one.Status, one.TagSet)
    }
  }
  for await (const page of sdk.paginateDescribeNetworkAcls({ client }, { Filters })) {
    for (const one of page.NetworkAcls ?? [])
      add('network ACL', one.NetworkAclId, undefined, one.Tags)
  }
  return found
}
