import type { Ec2 } from '../../aws/ec2.ts'
import { awaitStates } from '../../aws/instances.ts'
import { awsTags } from '../../aws/tags.ts'
import type { ShellHost } from '../instance-shell.ts'

/**
 * Launches a machine in each zone, one after the other, with an empty data volume, and waits until
 * all run. A test's own: they go with its lab.
 */
export async function launchMachines(
  ec2: Ec2,
  zones: readonly string[],
  what: {
    /** Name of the lab's image; `*` stands for anything. */
    readonly image: string
    /** @param before what was launched before it */
    readonly userData: (before: readonly ShellHost[]) => string
    /** Of the machine and of its volume. */
    readonly nameIn?: (zone: string) => string
  },
): Promise<ShellHost[]> {
  const { client, sdk } = ec2
  const { Images = [] } = await client.send(
    new sdk.DescribeImagesCommand({ Filters: [{ Name: 'name', Values: [what.image] }] }),
  )
  const launched: ShellHost[] = []
  for (const zone of zones) {
    const Tags = what.nameIn === undefined ? undefined : awsTags({ Name: what.nameIn(zone) })
    const { Instances = [] } = await client.send(
      new sdk.RunInstancesCommand({
        ImageId: Images[0]?.ImageId,
        InstanceType: 't3.medium',
        Placement: { AvailabilityZone: zone },
        MinCount: 1,
        MaxCount: 1,
        UserData: Buffer.from(what.userData(launched)).toString('base64'),
        BlockDeviceMappings: [
          { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, VolumeType: 'gp3' } },
        ],
        ...(Tags === undefined
          ? {}
          : {
              TagSpecifications: [
                { ResourceType: 'instance', Tags },
                { ResourceType: 'volume', Tags },
              ],
            }),
      }),
    )
    const { InstanceId: instanceId = '', PrivateIpAddress: address = '' } = Instances[0] ?? {}
    launched.push({ instanceId, address })
  }
  await awaitStates(
    ec2,
    launched.map(({ instanceId }) => instanceId),
    ['running'],
  )
  return launched
}
