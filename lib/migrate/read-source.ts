import type { Instance, Volume } from '@aws-sdk/client-ec2'
import type { Ec2 } from '../aws/ec2.ts'
import { stateOf } from '../aws/instances.ts'
import type { SourceNode, SourceVolume } from './facts.ts'
import { readIdentity, readServing } from './identity.ts'
import type { InstanceShell } from './instance-shell.ts'

/**
 * The legacy nodes, in the order in which they were named. Only reads, in AWS and on the machines.
 *
 * @param names ids of instances, or of the volumes that their databases are on
 * @param shell a way into the machines; without one nobody tells who the nodes are
 */
export async function readSource(
  ec2: Ec2,
  names: readonly string[],
  shell: InstanceShell | undefined,
): Promise<SourceNode[]> {
  const named = names.filter((name) => name.startsWith('vol-'))
  const volumes = await ec2.listVolumes(named)
  const owners = new Map(
    volumes.map(({ VolumeId = '', Attachments }) => [VolumeId, Attachments?.[0]?.InstanceId]),
  )
  const ids = names.map((name) => (name.startsWith('vol-') ? owners.get(name) : name))
  const instances = await ec2.listInstances(ids.filter((id) => id !== undefined))
  const attached = await ec2.listVolumes(instances.flatMap(dataVolumeIds))
  return Promise.all(
    names.map(async (name, index) => {
      const instance = instances.find(({ InstanceId }) => InstanceId === ids[index])
      return sourceNode(name, instance, attached, shell)
    }),
  )
}

async function sourceNode(
  name: string,
  instance: Instance | undefined,
  volumes: readonly Volume[],
  shell: InstanceShell | undefined,
): Promise<SourceNode> {
  const candidates = instance === undefined ? [] : dataVolumeIds(instance)
  const chosen = candidates.length === 1 ? candidates[0] : candidates.find((id) => id === name)
  const volume = volumes.find(({ VolumeId }) => VolumeId === chosen)
  const instanceId = instance?.InstanceId ?? name
  const address = instance?.PrivateIpAddress ?? ''
  const state = stateOf(instance)
  const host = { instanceId, address }
  const way = state === 'running' ? shell : undefined
  const identity = way && (await readIdentity(way, host))
  const { isServing, uptimeSeconds } = (way && (await readServing(way, host, identity))) ?? {}
  const startedAtMs = Math.max(
    instance?.LaunchTime?.getTime() ?? 0,
    uptimeSeconds === undefined ? 0 : Date.now() - uptimeSeconds * 1000,
  )
  return {
    instanceId,
    state,
    startedAtMs,
    address,
    zone: instance?.Placement?.AvailabilityZone ?? '',
    candidates,
    ...(volume === undefined ? {} : { volume: sourceVolume(volume) }),
    ...(identity === undefined ? {} : { identity }),
    ...(isServing === undefined ? {} : { isServing }),
  }
}

function dataVolumeIds({ BlockDeviceMappings = [], RootDeviceName }: Instance): string[] {
  return BlockDeviceMappings.filter(({ DeviceName }) => DeviceName !== RootDeviceName).flatMap(
    ({ Ebs }) => Ebs?.VolumeId ?? [],
  )
}

function sourceVolume(volume: Volume): SourceVolume {
  const { VolumeId: id = '', Size = 0, VolumeType = 'gp2', Iops, Throughput, Encrypted } = volume
  return {
    id,
    device: volume.Attachments?.[0]?.Device ?? '',
    sizeGiB: Size,
    type: VolumeType,
    encrypted: Encrypted ?? false,
    // What gp2 has follows from its size, and may not be asked for.
    ...(Iops === undefined || VolumeType === 'gp2' ? {} : { iops: Iops }),
    ...(Throughput === undefined ? {} : { throughputMiBps: Throughput }),
  }
}
