import type { Ec2 } from './ec2.ts'

/**
 * State of a volume's attachment: `attached`, `busy`, …, and `detached` where there is none. A
 * volume that EC2 doesn't list tells nothing of its attachment: `unknown`.
 */
export async function attachmentState(
  ec2: Ec2,
  volumeId: string,
  instanceId: string,
): Promise<string> {
  const [volume] = await ec2.listVolumes([volumeId])
  if (!volume) return 'unknown'
  const found = volume.Attachments?.find((item) => item.InstanceId === instanceId)
  return found?.State ?? 'detached'
}

/** Takes a volume away from an instance, mounted or not. */
export async function detachVolume(
  { client, sdk }: Ec2,
  volumeId: string,
  instanceId: string,
  options: { readonly force: boolean },
): Promise<void> {
  await client.send(
    new sdk.DetachVolumeCommand({
      VolumeId: volumeId,
      InstanceId: instanceId,
      ...(options.force ? { Force: true } : {}),
    }),
  )
}
