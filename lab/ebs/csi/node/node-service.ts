import { rm, rmdir, stat, statfs } from 'node:fs/promises'
import { isSupported } from '../rpc/capability.ts'
import { InFlight } from '../rpc/in-flight.ts'
import type {
  NodeExpandRequest,
  NodePathRequest,
  NodePublishRequest,
  NodeStageRequest,
  NodeUnpublishRequest,
  NodeUnstageRequest,
  StringMap,
  VolumeCapability,
} from '../rpc/messages.ts'
import type { Handlers } from '../rpc/server.ts'
import { CsiError, invalid } from '../rpc/status.ts'
import { blockNumber, findDevice, kernelPath, sizeOf } from './devices.ts'
import { growMounted } from './file-systems.ts'
import { formatArguments, formatRefusal, parseFsType } from './format-options.ts'
import { mountOn, unmountAll } from './mounts.ts'
import { type NodeMetadata, topologyOf, volumeLimit } from './node-metadata.ts'
import { publishBlock, publishFileSystem } from './publish.ts'
import { stage } from './stage.ts'

const CAPABILITIES = ['STAGE_UNSTAGE_VOLUME', 'EXPAND_VOLUME', 'GET_VOLUME_STATS']

/**
 * The CSI Node service of one machine.
 *
 * @param metadata what the machine is; may still be on its way, NodeGetInfo waits for it
 * @param attachLimit overrides the instance type's limit of volumes; undefined leaves it
 */
export function nodeHandlers(
  metadata: Promise<NodeMetadata>,
  attachLimit: number | undefined,
): Handlers {
  const inFlight = new InFlight()

  return {
    NodeGetCapabilities: async () => ({
      capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })),
    }),

    async NodeGetInfo() {
      const node = await metadata
      return {
        nodeId: node.instanceId,
        maxVolumesPerNode: attachLimit ?? volumeLimit(node.instanceType),
        accessibleTopology: { segments: topologyOf(node) },
      }
    },

    async NodeStageVolume(request: NodeStageRequest, signal) {
      const { volumeId, stagingTargetPath, volumeContext } = request
      requirePaths(request, { 'Staging target': stagingTargetPath })
      const capability = requireCapability(request.volumeCapability)
      refusePartition(volumeContext)
      if (capability.accessType === 'block') return {}
      const fsType = parseFsType(capability.mount?.fsType ?? '')
      if (fsType === null) {
        throw invalid(`NodeStageVolume: invalid fstype ${capability.mount?.fsType}`)
      }
      const refusal = formatRefusal(volumeContext, [capability])
      if (refusal !== undefined) throw invalid(refusal)
      await inFlight.run(volumeId, async () => {
        const device = await findDevice(requireDevicePath(request), volumeId, signal)
        await stage(device, stagingTargetPath, {
          fsType,
          mountOptions: capability.mount?.mountFlags ?? [],
          formatArguments: formatArguments(volumeContext, fsType),
        })
      })
      return {}
    },

    async NodeUnstageVolume(request: NodeUnstageRequest) {
      requirePaths(request, { 'Staging target': request.stagingTargetPath })
      await inFlight.run(request.volumeId, async () => {
        if ((await mountOn(request.stagingTargetPath)) === undefined) return
        await unmountAll(request.stagingTargetPath)
        await rmdir(request.stagingTargetPath)
      })
      return {}
    },

    async NodePublishVolume(request: NodePublishRequest, signal) {
      const { volumeId, stagingTargetPath: staging, targetPath: target } = request
      requirePaths(request, { 'Staging target': staging, 'Target path': target })
      const capability = requireCapability(request.volumeCapability)
      refusePartition(request.volumeContext)
      await inFlight.run(volumeId, async () => {
        if (capability.accessType === 'block') {
          const device = await findDevice(requireDevicePath(request), volumeId, signal)
          await publishBlock(device, target, { readonly: request.readonly })
          return
        }
        const options = capability.mount?.mountFlags ?? []
        await publishFileSystem(staging, target, { readonly: request.readonly, options })
      })
      return {}
    },

    async NodeUnpublishVolume(request: NodeUnpublishRequest) {
      requirePaths(request, { 'Target path': request.targetPath })
      await inFlight.run(request.volumeId, async () => {
        await unmountAll(request.targetPath)
        await removeTarget(request.targetPath)
      })
      return {}
    },

    async NodeGetVolumeStats(request: NodePathRequest) {
      requirePaths(request, { 'Volume path': request.volumePath })
      const number = await blockNumber(request.volumePath)
      if (number !== undefined) return { usage: [{ unit: 'BYTES', total: await sizeOf(number) }] }
      return { usage: await usageOf(request.volumePath) }
    },

    async NodeExpandVolume(request: NodeExpandRequest) {
      requirePaths(request, { 'Volume path': request.volumePath })
      if (request.volumeCapability !== null) requireCapability(request.volumeCapability)
      return await inFlight.run(request.volumeId, async () => {
        const block = await blockNumber(request.volumePath)
        if (block !== undefined) return { capacityBytes: await sizeOf(block) }
        const mount = await mountOn(request.volumePath)
        const path = mount === undefined ? undefined : await kernelPath(mount.device)
        if (mount === undefined || path === undefined) {
          throw new CsiError('NOT_FOUND', `No volume is mounted at ${request.volumePath}`)
        }
        await growMounted(path, mount.mountPoint, mount.fsType)
        return { capacityBytes: await sizeOf(mount.device) }
      })
    },
  }
}

/** @throws CsiError INVALID_ARGUMENT naming what is missing. */
function requirePaths(
  request: { readonly volumeId: string },
  paths: Readonly<Record<string, string>>,
): void {
  if (request.volumeId === '') throw invalid('Volume ID not provided')
  for (const [name, path] of Object.entries(paths)) {
    if (path === '') throw invalid(`${name} not provided`)
  }
}

function requireCapability(capability: VolumeCapability | null): VolumeCapability {
  if (capability === null) throw invalid('Volume capability not provided')
  if (!isSupported(capability)) throw invalid('Volume capability not supported')
  return capability
}

function requireDevicePath(request: NodeStageRequest): string {
  const path = request.publishContext['devicePath']
  if (path === undefined) throw invalid('Device path not provided')
  return path
}

/** Upstream mounts a partition of a hand-made PV; the lab's volumes have none. */
function refusePartition(context: StringMap): void {
  const partition = context['partition'] ?? '0'
  if (partition !== '0' && partition !== '') {
    throw invalid(`Volume Attribute is not valid: partition ${partition} is not supported`)
  }
}

/** A folder or a file, whichever the publish made; its own parent stays. */
async function removeTarget(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) await rmdir(path)
  else await rm(path, { force: true })
}

async function usageOf(path: string): Promise<readonly object[]> {
  const gone = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new CsiError('NOT_FOUND', `path ${path} does not exist`)
  }
  const facts = await statfs(path).catch(gone)
  if ((await mountOn(path)) === undefined) {
    throw new CsiError('NOT_FOUND', `No volume is mounted at ${path}`)
  }
  const bytes = (blocks: number) => blocks * facts.bsize
  return [
    {
      unit: 'BYTES',
      available: bytes(facts.bavail),
      total: bytes(facts.blocks),
      used: bytes(facts.blocks - facts.bfree),
    },
    {
      unit: 'INODES',
      available: facts.ffree,
      total: facts.files,
      used: facts.files - facts.ffree,
    },
  ]
}
