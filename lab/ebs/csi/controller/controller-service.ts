import type { EC2Client, Volume } from '@aws-sdk/client-ec2'
import { isSupported } from '../rpc/capability.ts'
import { InFlight } from '../rpc/in-flight.ts'
import type {
  CreateVolumeRequest,
  ExpandRequest,
  PublishRequest,
  StringMap,
  ValidateRequest,
  VolumeRequest,
} from '../rpc/messages.ts'
import type { Handlers } from '../rpc/server.ts'
import { CsiError, invalid } from '../rpc/status.ts'
import { Attachments } from './attachments.ts'
import { bytesOf, fits, sizeFor } from './capacity.ts'
import { snapshotHandlers } from './snapshot-handlers.ts'
import { isSnapshotId, Snapshots } from './snapshots.ts'
import { allowsZone, pickZone, ZONE_KEY } from './topology.ts'
import { parseVolumeParameters } from './volume-parameters.ts'
import { Volumes } from './volumes.ts'

/** As upstream offers, but for cloning and modifying volumes. */
const CAPABILITIES = [
  'CREATE_DELETE_VOLUME',
  'PUBLISH_UNPUBLISH_VOLUME',
  'CREATE_DELETE_SNAPSHOT',
  'LIST_SNAPSHOTS',
  'EXPAND_VOLUME',
]

/** The CSI Controller service on EC2. `extraTags` go on every volume. */
export function controllerHandlers(ec2: EC2Client, extraTags: StringMap = {}): Handlers {
  const volumes = new Volumes(ec2)
  const attachments = new Attachments(ec2)
  const inFlight = new InFlight()

  return {
    ControllerGetCapabilities: async () => ({
      capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })),
    }),

    async CreateVolume(request: CreateVolumeRequest, signal) {
      if (request.name === '') throw invalid('Volume name not provided')
      requireSupported(request.volumeCapabilities)
      if (Object.keys(request.mutableParameters).length > 0) {
        throw invalid('Mutable parameters need the MODIFY_VOLUME capability, which is not offered')
      }
      const sizeGiB = sizeFor(request.capacityRange)
      const parameters = parseVolumeParameters(
        request.parameters,
        sizeGiB,
        request.volumeCapabilities,
      )
      const snapshotId = sourceSnapshot(request)
      const volume = await inFlight.run(request.name, () =>
        volumes.create(
          {
            ...parameters,
            name: request.name,
            zone: pickZone(request.accessibilityRequirements),
            sizeGiB,
            snapshotId,
            multiAttach: request.volumeCapabilities.some(
              ({ accessMode }) => accessMode?.mode === 'MULTI_NODE_MULTI_WRITER',
            ),
            tags: { ...extraTags, ...parameters.tags },
          },
          (found) =>
            fits(request.capacityRange, found.Size ?? 0) &&
            allowsZone(request.accessibilityRequirements, found.AvailabilityZone ?? '') &&
            (found.SnapshotId || undefined) === snapshotId &&
            found.VolumeType === parameters.type &&
            found.Encrypted === parameters.encrypted,
          signal,
        ),
      )
      return { volume: describe(volume, parameters.volumeContext, snapshotId) }
    },

    async DeleteVolume(request: VolumeRequest) {
      requireVolumeId(request)
      await inFlight.run(request.volumeId, () => volumes.remove(request.volumeId))
      return {}
    },

    async ControllerPublishVolume(request: PublishRequest, signal) {
      requireVolumeId(request)
      if (request.nodeId === '') throw invalid('Node ID not provided')
      if (request.volumeCapability === null) throw invalid('Volume capability not provided')
      requireSupported([request.volumeCapability])
      return await inFlight.run(request.volumeId + request.nodeId, async () => {
        await requireVolume(request.volumeId)
        if (!INSTANCE_ID.test(request.nodeId)) {
          throw new CsiError('NOT_FOUND', `Instance "${request.nodeId}" not found`)
        }
        const device = await attachments.attach(request.volumeId, request.nodeId, signal)
        return { publishContext: { devicePath: device } }
      })
    },

    async ControllerUnpublishVolume(request: PublishRequest, signal) {
      requireVolumeId(request)
      if (request.nodeId === '') throw invalid('Node ID not provided')
      if (!INSTANCE_ID.test(request.nodeId)) return {}
      await inFlight.run(request.volumeId + request.nodeId, async () => {
        if ((await volumes.find(request.volumeId)) === undefined) return
        await attachments.detach(request.volumeId, request.nodeId, signal)
      })
      return {}
    },

    async ValidateVolumeCapabilities(request: ValidateRequest) {
      requireVolumeId(request)
      if (request.volumeCapabilities.length === 0) {
        throw invalid('Volume capabilities not provided')
      }
      await requireVolume(request.volumeId)
      if (!request.volumeCapabilities.every(isSupported)) {
        return { message: 'Volume capabilities not supported' }
      }
      const { volumeContext, volumeCapabilities, parameters } = request
      return { confirmed: { volumeContext, volumeCapabilities, parameters } }
    },

    async ControllerExpandVolume(request: ExpandRequest, signal) {
      requireVolumeId(request)
      if (request.capacityRange === null) throw invalid('Capacity range not provided')
      const wishGiB = sizeFor(request.capacityRange)
      const sizeGiB = await inFlight.run(request.volumeId, () =>
        volumes.grow(request.volumeId, wishGiB, signal),
      )
      return {
        capacityBytes: bytesOf(sizeGiB),
        nodeExpansionRequired: request.volumeCapability?.accessType !== 'block',
      }
    },

    ...snapshotHandlers(new Snapshots(ec2), inFlight, requireVolume),
  }

  async function requireVolume(volumeId: string): Promise<void> {
    if ((await volumes.find(volumeId)) === undefined) {
      throw new CsiError('NOT_FOUND', `Volume "${volumeId}" not found`)
    }
  }
}

const INSTANCE_ID = /^i-[0-9a-f]+$/

function requireVolumeId(request: VolumeRequest): void {
  if (request.volumeId === '') throw invalid('Volume ID not provided')
}

function requireSupported(capabilities: CreateVolumeRequest['volumeCapabilities']): void {
  if (capabilities.length === 0) throw invalid('Volume capabilities not provided')
  if (!capabilities.every(isSupported)) throw invalid('Volume capabilities not supported')
}

function sourceSnapshot(request: CreateVolumeRequest): string | undefined {
  const source = request.volumeContentSource
  if (source === null) return undefined
  if (source.type !== 'snapshot' || !source.snapshot) {
    throw invalid('Unsupported volumeContentSource type: only snapshots can be restored')
  }
  const { snapshotId } = source.snapshot
  if (!isSnapshotId(snapshotId)) {
    throw new CsiError('NOT_FOUND', `Snapshot "${snapshotId}" not found`)
  }
  return snapshotId
}

function describe(volume: Volume, volumeContext: StringMap, snapshotId: string | undefined) {
  return {
    volumeId: volume.VolumeId,
    capacityBytes: bytesOf(volume.Size ?? 0),
    volumeContext,
    // One key alone, as upstream: it becomes the PV's only nodeAffinity expression.
    accessibleTopology: [{ segments: { [ZONE_KEY]: volume.AvailabilityZone ?? '' } }],
    ...(snapshotId === undefined ? {} : { contentSource: { snapshot: { snapshotId } } }),
  }
}
