import { poll } from '../std/poll.ts'
import { attachmentState, detachVolume } from './attachments.ts'
import type { Ec2 } from './ec2.ts'
import { awsTags, TOKEN_TAG } from './tags.ts'

/** A volume with nothing on it; the token's tag is that of copies, and `deleteCopies` deletes it. */
export async function makeVolume(
  ec2: Ec2,
  what: { readonly zone: string; readonly sizeGiB: number; readonly token: string },
): Promise<string> {
  const { client, sdk } = ec2
  const { VolumeId: id = '' } = await client.send(
    new sdk.CreateVolumeCommand({
      AvailabilityZone: what.zone,
      Size: what.sizeGiB,
      VolumeType: 'gp3',
      ClientToken: `${what.token}-empty`,
      TagSpecifications: [
        { ResourceType: 'volume', Tags: awsTags({ [TOKEN_TAG]: what.token, Name: what.token }) },
      ],
    }),
  )
  await poll({ what: `volume ${id} to be available`, budget: 'volumeMade' }, async () => {
    const [found] = await ec2.listVolumes([id])
    if (found?.State === 'error') throw new Error(`Volume ${id} could not be made.`)
    return found?.State === 'available'
      ? { done: true, value: true }
      : { done: false, seen: found?.State ?? 'not listed yet' }
  })
  return id
}

/** Attaches a volume to an instance under a device's name, and waits until it is. */
export async function attachVolume(
  ec2: Ec2,
  volumeId: string,
  instanceId: string,
  device: string,
): Promise<void> {
  const { client, sdk } = ec2
  await client.send(
    new sdk.AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }),
  )
  await awaitAttachment(ec2, volumeId, instanceId, 'attached')
}

/** Takes a volume that nobody has mounted away from an instance, and waits until it is. */
export async function releaseVolume(ec2: Ec2, volumeId: string, instanceId: string): Promise<void> {
  await detachVolume(ec2, volumeId, instanceId, { force: false })
  await awaitAttachment(ec2, volumeId, instanceId, 'detached')
}

async function awaitAttachment(
  ec2: Ec2,
  volumeId: string,
  instanceId: string,
  wanted: string,
): Promise<void> {
  await poll(
    { what: `volume ${volumeId} to be ${wanted} at ${instanceId}`, budget: 'volumeDetached' },
    async () => {
      const seen = await attachmentState(ec2, volumeId, instanceId)
      return seen === wanted ? { done: true, value: true } : { done: false, seen }
    },
  )
}
