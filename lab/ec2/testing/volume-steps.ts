import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2'
import { type Ec2UnderTest, ZONES } from './start-ec2.ts'

/** Longer than anything takes that nothing holds up. */
export const ALL_OVER_MS = 10_000

export async function launched(
  test: Ec2UnderTest,
  instanceType = 't3.medium',
  zone = 0,
): Promise<string> {
  const subnetId = ZONES[zone]?.subnetId ?? ''
  const [one] = test.ec2.runInstances({ imageId: 'ami-1', instanceType, subnetId })
  await test.clock.advance(ALL_OVER_MS)
  return one?.instanceId ?? ''
}

export async function created(test: Ec2UnderTest, zone = 'us-east-1a'): Promise<string> {
  const volume = await test.client.send(
    new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 }),
  )
  await test.clock.advance(ALL_OVER_MS)
  return volume.VolumeId ?? ''
}

export async function shown(test: Ec2UnderTest, volumeId: string) {
  const { Volumes } = await test.client.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))
  return Volumes?.[0]
}

export const attach = (
  test: Ec2UnderTest,
  volumeId: string,
  instanceId: string,
  device = '/dev/xvdaa',
) =>
  test.client.send(
    new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }),
  )
