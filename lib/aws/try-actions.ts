import type { Instance } from '@aws-sdk/client-ec2'
import { type Ec2, isAwsError } from './ec2.ts'
import { launchModelOf } from './launch.ts'
import { readAssociation } from './network-acls.ts'
import { awsTags } from './tags.ts'

/** What EC2 says of an action; `untried` where there was nothing to try it on. */
export type Trial = 'allowed' | 'denied' | 'untried'

interface TriedOn {
  readonly ec2: Ec2
  /** A node. */
  readonly instance: Instance
  /** Of what a run makes: a policy may ask for them. */
  readonly tags: Readonly<Record<string, string>>
}

const DryRun = true

/** A call for each action that EC2 judges with DryRun; it does nothing then. */
const CALLS: Readonly<Record<string, (on: TriedOn) => Promise<unknown> | undefined>> = {
  DescribeInstances: ({ ec2: { client, sdk } }) =>
    client.send(new sdk.DescribeInstancesCommand({ DryRun })),
  DescribeVolumes: ({ ec2: { client, sdk } }) =>
    client.send(new sdk.DescribeVolumesCommand({ DryRun })),
  DescribeSnapshots: ({ ec2: { client, sdk } }) =>
    client.send(new sdk.DescribeSnapshotsCommand({ OwnerIds: ['self'], DryRun })),
  DescribeNetworkAcls: ({ ec2: { client, sdk } }) =>
    client.send(new sdk.DescribeNetworkAclsCommand({ DryRun })),
  DescribeNetworkInterfaces: ({ ec2: { client, sdk } }) =>
    client.send(new sdk.DescribeNetworkInterfacesCommand({ DryRun })),
  StopInstances: ({ ec2: { client, sdk }, instance }) =>
    client.send(new sdk.StopInstancesCommand({ ...idsOf(instance), DryRun })),
  StartInstances: ({ ec2: { client, sdk }, instance }) =>
    client.send(new sdk.StartInstancesCommand({ ...idsOf(instance), DryRun })),
  RebootInstances: ({ ec2: { client, sdk }, instance }) =>
    client.send(new sdk.RebootInstancesCommand({ ...idsOf(instance), DryRun })),
  TerminateInstances: ({ ec2: { client, sdk }, instance }) =>
    client.send(new sdk.TerminateInstancesCommand({ ...idsOf(instance), DryRun })),
  RunInstances: tryLaunch,
  // It is part of a launch with tags.
  CreateTags: tryLaunch,
  CreateNetworkAcl: ({ ec2: { client, sdk }, instance, tags }) =>
    client.send(
      new sdk.CreateNetworkAclCommand({
        VpcId: instance.VpcId,
        TagSpecifications: [{ ResourceType: 'network-acl', Tags: awsTags(tags) }],
        DryRun,
      }),
    ),
  ReplaceNetworkAclAssociation: async ({ ec2, instance }) => {
    const now = await readAssociation(ec2, instance.SubnetId ?? '')
    if (!now) return
    const names = { AssociationId: now.associationId, NetworkAclId: now.aclId }
    await ec2.client.send(new ec2.sdk.ReplaceNetworkAclAssociationCommand({ ...names, DryRun }))
  },
}

/** Names of the actions that can be tried. */
export const TRIED_ACTIONS: readonly string[] = Object.keys(CALLS)

/**
 * Whether the credentials may make a call, as EC2 says itself; a refusal that is about something
 * else comes after the permission was seen to be there. What is denied may be another action that
 * the call asks for: tags are set in it.
 */
export async function tryCall(
  name: string,
  on: TriedOn,
): Promise<{ readonly trial: Trial; readonly action: string }> {
  try {
    await CALLS[name]?.(on)
    return { trial: 'untried', action: name }
  } catch (error) {
    if (!isAwsError(error, 'UnauthorizedOperation')) {
      return { trial: isAwsError(error, 'DryRunOperation') ? 'allowed' : 'untried', action: name }
    }
    const { message } = error instanceof Error ? error : { message: '' }
    const [, action = name] = /perform: ec2:(\w+)/.exec(message) ?? []
    return { trial: 'denied', action }
  }
}

/** Whether the credentials may do an action of EC2's, whatever else a call for it asks for. */
export async function tryAction(name: string, on: TriedOn): Promise<Trial> {
  const { trial, action } = await tryCall(name, on)
  if (trial !== 'denied' || action === name) return trial
  // A launch may fail for its tags, and the tags for the launch.
  return action === 'CreateTags' ? 'allowed' : 'untried'
}

const idsOf = ({ InstanceId = '' }: Instance) => ({ InstanceIds: [InstanceId] })

function tryLaunch({ ec2: { client, sdk }, instance, tags }: TriedOn) {
  const model = launchModelOf(instance)
  if (!model) return undefined
  return client.send(
    new sdk.RunInstancesCommand({
      ImageId: model.imageId,
      ...(instance.InstanceType === undefined ? {} : { InstanceType: instance.InstanceType }),
      SubnetId: model.subnetId,
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: 'instance', Tags: awsTags(tags) }],
      DryRun,
    }),
  )
}
