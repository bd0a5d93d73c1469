import type { Aws } from '../../aws/aws.ts'
import { tagsOf } from '../../aws/tags.ts'
import type { InstanceFact } from './facts.ts'

/** Those of these instances that the credentials see. */
export async function readInstances(aws: Aws, ids: readonly string[]): Promise<InstanceFact[]> {
  const { client, sdk } = await aws.ec2()
  const instances: InstanceFact[] = []
  const filter = { Filters: [{ Name: 'instance-id', Values: [...ids] }] }
  for await (const page of sdk.paginateDescribeInstances({ client }, filter)) {
    for (const { OwnerId: ownerId = '', Instances = [] } of page.Reservations ?? []) {
      instances.push(
        ...Instances.map((one) => ({ id: one.InstanceId ?? '', ownerId, tags: tagsOf(one) })),
      )
    }
  }
  return instances
}
