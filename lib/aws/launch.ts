import type { Instance } from '@aws-sdk/client-ec2'
import type { Ec2 } from './ec2.ts'
import { awaitStates } from './instances.ts'
import { awsTags, TOKEN_TAG } from './tags.ts'

/** What to launch, taken from an instance that is there. */
export interface LaunchModel {
  readonly imageId: string
  readonly instanceType: string
  readonly subnetId: string
}

/** The model of an instance; undefined of one that says too little. */
export function launchModelOf(instance: Instance): LaunchModel | undefined {
  const { ImageId: imageId, InstanceType: instanceType, SubnetId: subnetId } = instance
  return imageId === undefined || instanceType === undefined || subnetId === undefined
    ? undefined
    : { imageId, instanceType, subnetId }
}

/** Launches one instance like the model. `token` is its client token and a tag, by which it is found again. */
export async function launchLike(
  { client, sdk }: Ec2,
  model: LaunchModel,
  token: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await client.send(
    new sdk.RunInstancesCommand({
      ImageId: model.imageId,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an instance has this type
      InstanceType: model.instanceType as Instance['InstanceType'],
      SubnetId: model.subnetId,
      MinCount: 1,
      MaxCount: 1,
      ClientToken: token,
      TagSpecifications: [
        {
          ResourceType: 'instance',
          Tags: awsTags({ ...tags, [TOKEN_TAG]: token }),
        },
      ],
    }),
  )
}

/** Terminates what was launched with a token, if anything was; waits for its end. */
export async function terminateLaunched(
  ec2: Ec2,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  const { client, sdk } = ec2
  const answer = await client.send(
    new sdk.DescribeInstancesCommand({ Filters: [{ Name: `tag:${TOKEN_TAG}`, Values: [token] }] }),
  )
  const ids = (answer.Reservations ?? [])
    .flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => State?.Name !== 'terminated')
    .flatMap(({ InstanceId }) => InstanceId ?? [])
  if (ids.length === 0) return
  await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: ids }))
  await awaitStates(ec2, ids, ['terminated', 'absent'], signal)
}
