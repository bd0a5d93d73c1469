import type { Snapshot, Volume } from '@aws-sdk/client-ec2'
import { PreflightError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import { type Ec2, isAwsError } from './ec2.ts'
import { untilSettled } from './settled.ts'
import { awsTags, tagOf, TOKEN_TAG } from './tags.ts'

/** The volume that a snapshot or a volume was copied from: what AWS forgets once it is gone. */
export const SOURCE_TAG = 'zonefall.io/copy-of'
/** What a volume was given to, as long as it exists: whoever has it may have written to it since. */
export const GIVEN_TAG = 'zonefall.io/given-to'

/** A disk that is attached to an instance. */
export interface DiskOfInstance {
  readonly instanceId: string
  readonly volumeId: string
}

/**
 * Begins a snapshot of one data volume as it is at this moment, and leaves the instance's other
 * volumes out. What the volume holds is not changed. `token` is a tag, by which it is found again:
 * a second call with it begins none.
 */
export async function beginSnapshot(
  ec2: Ec2,
  { instanceId, volumeId }: DiskOfInstance,
  token: string,
): Promise<void> {
  const { client, sdk } = ec2
  if (await snapshotOf(ec2, volumeId, token)) return
  const [instance] = await ec2.listInstances([instanceId])
  const others = (instance?.BlockDeviceMappings ?? [])
    .filter(({ DeviceName }) => DeviceName !== instance?.RootDeviceName)
    .flatMap(({ Ebs }) => Ebs?.VolumeId ?? [])
    .filter((id) => id !== volumeId)
  await client.send(
    new sdk.CreateSnapshotsCommand({
      Description: `Copy of ${volumeId} of ${instanceId} for a StatefulSet`,
      InstanceSpecification: {
        InstanceId: instanceId,
        ExcludeBootVolume: true,
        ...(others.length === 0 ? {} : { ExcludeDataVolumeIds: others }),
      },
      TagSpecifications: [
        {
          ResourceType: 'snapshot',
          Tags: awsTags({ [TOKEN_TAG]: token, [SOURCE_TAG]: volumeId }),
        },
      ],
    }),
  )
}

/**
 * Waits for a snapshot of `beginSnapshot` to be completed; `told` hears of its progress.
 *
 * @throws Error when it failed, WaitTimeoutError
 */
export async function awaitSnapshot(
  ec2: Ec2,
  volumeId: string,
  token: string,
  told: (progress: string) => void = () => undefined,
): Promise<Snapshot> {
  return poll(
    { what: `the snapshot of ${volumeId}`, budget: 'snapshotCompleted', intervalMs: 1000 },
    async () => {
      const found = await snapshotOf(ec2, volumeId, token)
      if (found?.State === 'completed') return { done: true, value: found }
      if (found?.State === 'error') {
        throw new Error(`Snapshot ${found.SnapshotId} failed: ${found.StateMessage ?? '?'}`)
      }
      const progress = found?.Progress ?? 'not listed yet'
      told(progress)
      return { done: false, seen: progress }
    },
  )
}

/** What a copy of a volume is to be. */
export interface CopyShape {
  readonly zone: string
  readonly type: string
  readonly iops?: number
  readonly throughputMiBps?: number
  readonly tags: Readonly<Record<string, string>>
}

/** The volume that was made of a source's snapshot with a token; one that is on its way out is none. */
export async function copyOf(
  { client, sdk }: Ec2,
  source: string,
  token: string,
): Promise<Volume | undefined> {
  const { Volumes = [] } = await client.send(
    new sdk.DescribeVolumesCommand({
      Filters: [
        { Name: `tag:${TOKEN_TAG}`, Values: [token] },
        { Name: `tag:${SOURCE_TAG}`, Values: [source] },
      ],
    }),
  )
  return Volumes.find(({ State }) => State !== 'deleting' && State !== 'deleted')
}

/**
 * Has a volume made from a snapshot in any zone; with the same token and source it is one volume.
 *
 * @throws PreflightError when an earlier try made it otherwise, or it was deleted since
 */
export async function volumeFrom(
  ec2: Ec2,
  { SnapshotId, VolumeId: source = '' }: Snapshot,
  token: string,
  shape: CopyShape,
): Promise<string> {
  const { client, sdk } = ec2
  const { zone, type, iops, throughputMiBps, tags } = shape
  const command = new sdk.CreateVolumeCommand({
    AvailabilityZone: zone,
    SnapshotId,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a volume has this type
    VolumeType: type as Volume['VolumeType'],
    ...(iops === undefined ? {} : { Iops: iops }),
    ...(throughputMiBps === undefined ? {} : { Throughput: throughputMiBps }),
    // 64 characters at most. A name is spent with the volume that it made, so that a copy of
    // another snapshot needs another.
    ClientToken: `${token}-${SnapshotId}`.slice(-64),
    TagSpecifications: [
      {
        ResourceType: 'volume',
        Tags: awsTags({ ...tags, [TOKEN_TAG]: token, [SOURCE_TAG]: source }),
      },
    ],
  })
  // Looked for by its tags first: EC2 knows a ClientToken for no more than a day.
  const made = (await copyOf(ec2, source, token)) ?? (await client.send(command).catch(explain))
  if (made.AvailabilityZone !== undefined && made.AvailabilityZone !== zone) {
    throw new PreflightError(
      `${made.VolumeId}, the copy of ${source}, was made in ${made.AvailabilityZone} by an earlier try, and is to be in ${zone} now.`,
      {
        hint: `Name the same zones as then, or undo it: npx zonefall cleanup --migration ${token}`,
      },
    )
  }
  if (SnapshotId !== undefined && (made.SnapshotId ?? SnapshotId) !== SnapshotId) {
    throw new PreflightError(
      `${made.VolumeId}, the copy of ${source}, was made of ${made.SnapshotId} by an earlier try, and is to be of ${SnapshotId} now.`,
      {
        hint: `Undo that try, or call this migration otherwise by --id: npx zonefall cleanup --migration ${token}`,
      },
    )
  }
  const { VolumeId: id = '' } = made
  await awaitVolume(ec2, id)
  return id
}

/**
 * Waits until a volume is made.
 *
 * @throws Error when it could not be, WaitTimeoutError
 */
export async function awaitVolume(ec2: Ec2, id: string): Promise<void> {
  await poll(
    { what: `volume ${id} to be available`, budget: 'volumeMade', intervalMs: 1000 },
    async () => {
      const [found] = await ec2.listVolumes([id])
      if (found?.State === 'error') throw new Error(`Volume ${id} could not be made.`)
      // In use: an earlier try got this far.
      return found?.State === 'available' || found?.State === 'in-use'
        ? { done: true, value: true }
        : { done: false, seen: found?.State ?? 'not listed yet' }
    },
  )
}

/**
 * Volumes that carry a token, and snapshots that do and are of the volume that their tags name: a
 * backup of a copy may have been given all of its tags.
 */
export async function listCopies(
  { client, sdk }: Ec2,
  token: string,
): Promise<{ readonly snapshots: readonly Snapshot[]; readonly volumes: readonly Volume[] }> {
  const Filters = [{ Name: `tag:${TOKEN_TAG}`, Values: [token] }]
  const [snapshots, volumes]: [Snapshot[], Volume[]] = [[], []]
  const pages = { client, pageSize: 500 }
  for await (const page of sdk.paginateDescribeVolumes(pages, { Filters })) {
    volumes.push(...(page.Volumes ?? []))
  }
  for await (const page of sdk.paginateDescribeSnapshots(pages, { OwnerIds: ['self'], Filters })) {
    snapshots.push(...(page.Snapshots ?? []))
  }
  // What is found is deleted: no word of a filter alone is enough for that.
  const carries = (one: Snapshot | Volume): boolean => tagOf(one, TOKEN_TAG) === token
  return {
    snapshots: snapshots.filter((one) => carries(one) && tagOf(one, SOURCE_TAG) === one.VolumeId),
    volumes: volumes.filter(carries),
  }
}

/** How copies are deleted. */
export interface DeleteOptions {
  readonly signal?: AbortSignal
  /** Hears of each that is deleted. */
  readonly tell?: (text: string) => void
}

/**
 * Deletes the snapshots and volumes that carry a token; one that is attached is waited for, never
 * detached. What was copied carries none, so that nothing of it can go.
 */
export async function deleteCopies(
  ec2: Ec2,
  token: string,
  options: DeleteOptions = {},
): Promise<void> {
  const { client, sdk } = ec2
  const { signal, tell } = options
  const found = await untilSettled(
    ec2,
    `copies with the token ${token} to show`,
    async () => {
      const all = await listCopies(ec2, token)
      return all.volumes.length + all.snapshots.length === 0 ? undefined : all
    },
    signal,
  )
  if (!found) return
  await poll(
    {
      what: `the copies with the token ${token} to be gone`,
      budget: 'volumeGone',
      intervalMs: 1000,
      ...(signal ? { signal } : {}),
    },
    async () => {
      const all = await listCopies(ec2, token)
      for (const { VolumeId, State } of all.volumes) {
        if (State !== 'available' && State !== 'error') continue
        if (await isDone(client.send(new sdk.DeleteVolumeCommand({ VolumeId })))) {
          tell?.(`deleted volume ${VolumeId}`)
        }
      }
      const snapshotIds = all.snapshots.flatMap(({ SnapshotId }) => SnapshotId ?? [])
      await deleteSnapshots(ec2, snapshotIds, tell)
      const left = [...all.volumes, ...all.snapshots]
      return left.length === 0
        ? { done: true, value: true }
        : { done: false, seen: left.map(({ VolumeId, State }) => `${VolumeId} ${State}`) }
    },
  )
}

/** Deletes snapshots; one that is gone already is none of them. */
export async function deleteSnapshots(
  { client, sdk }: Ec2,
  ids: readonly string[],
  tell?: (text: string) => void,
): Promise<void> {
  for (const SnapshotId of ids) {
    if (await isDone(client.send(new sdk.DeleteSnapshotCommand({ SnapshotId })))) {
      tell?.(`deleted snapshot ${SnapshotId}`)
    }
  }
}

const GONE = ['InvalidVolume.NotFound', 'InvalidSnapshot.NotFound', 'VolumeInUse']

/** Whether a deletion was taken; one that is used again by now is looked at again later. */
async function isDone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (GONE.some((code) => isAwsError(error, code))) return false
    throw error
  }
}

async function snapshotOf(
  { client, sdk }: Ec2,
  volumeId: string,
  token: string,
): Promise<Snapshot | undefined> {
  const { Snapshots = [] } = await client.send(
    new sdk.DescribeSnapshotsCommand({
      OwnerIds: ['self'],
      Filters: [
        { Name: `tag:${TOKEN_TAG}`, Values: [token] },
        { Name: 'volume-id', Values: [volumeId] },
      ],
    }),
  )
  // A try that was cut off before EC2 showed its snapshot is followed by one that begins another.
  // The first is the one to go on with, whoever asks.
  return Snapshots.toSorted((a, b) => startOf(a) - startOf(b))[0]
}

const startOf = ({ StartTime }: Snapshot): number => StartTime?.getTime() ?? 0

/** Why a volume that was made before can't be had again. */
function explain(error: unknown): never {
  if (!isAwsError(error, 'IdempotentParameterMismatch')) throw error
  throw new PreflightError(
    'EC2 made the volume of this migration before: it was deleted since, or was to be another.',
    { cause: error, hint: 'Add --id with another name for this migration.' },
  )
}
