import type { Instance } from '@aws-sdk/client-ec2'
import { type Ec2, isAwsError } from './ec2.ts'
import { awaitStates, stateOf } from './instances.ts'
import { untilSettled } from './settled.ts'
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

/** Whether EC2 has answered for good that it launches nothing: then there is nothing to end. */
export function isLaunchRefused(error: unknown): boolean {
  return isAwsError(error, 'InsufficientInstanceCapacity')
}

/** Terminates what was launched with a token, if anything was; waits for its end. */
export async function terminateLaunched(
  ec2: Ec2,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  const { client, sdk } = ec2
  const found = await untilSettled(
    ec2,
    `an instance with the token ${token} to show`,
    () => launchedWith(ec2, token),
    signal,
  )
  const { id, state } = found ?? {}
  if (id === undefined || state === 'terminated') return
  const taken = await untilSettled(
    ec2,
    `instance ${id} to take its termination`,
    async () => {
      try {
        return await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }))
      } catch (error) {
        if (!isAwsError(error, 'InvalidInstanceID.NotFound')) throw error
        return undefined
      }
    },
    signal,
  )
  if (taken) await awaitStates(ec2, [id], ['terminated'], signal)
}

/** A launch makes one instance; see `launchLike`. */
async function launchedWith(
  { client, sdk }: Ec2,
  token: string,
): Promise<{ readonly id: string; readonly state: string } | undefined> {
  const { Reservations = [] } = await client.send(
    new sdk.DescribeInstancesCommand({ Filters: [{ Name: `tag:${TOKEN_TAG}`, Values: [token] }] }),
  )
  const [instance] = Reservations.flatMap(({ Instances = [] }) => Instances)
  const id = instance?.InstanceId
  return id === undefined ? undefined : { id, state: stateOf(instance) }
}
