import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDescriptors } from '../rpc/descriptors.ts'
import { identityHandlers } from '../rpc/identity.ts'
import { loadProtocol, type Protocol } from '../rpc/protocol.ts'
import { UnixServer } from '../rpc/server.ts'
import { CsiClient } from '../testing/csi-client.ts'
import { type LoopVolume, loopVolume } from '../testing/loop-volume.ts'
import { protoDirs } from '../testing/proto-dirs.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { mountOn, mountsOn } from './mounts.ts'
import { nodeHandlers } from './node-service.ts'

const GIB = 2 ** 30
const NODE = {
  instanceId: 'i-0123456789abcdef0',
  zone: 'us-east-1a',
  region: 'us-east-1',
  instanceType: 't3.medium',
}

let folder: string
let protocol: Protocol
let client: CsiClient
const cleanUp = new AsyncDisposableStack()
const run = async (file: string, ...args: readonly string[]) =>
  (await promisify(execFile)(file, args)).stdout.trim()

beforeAll(async () => {
  folder = cleanUp.use(await temporaryFolder()).path
  protocol = loadProtocol(await readDescriptors(await protoDirs()))
  const socket = join(folder, 'csi.sock')
  cleanUp.use(
    await UnixServer.listen(socket, [
      [protocol.identity, identityHandlers(() => true)],
      [protocol.node, nodeHandlers(Promise.resolve(NODE), undefined)],
    ]),
  )
  client = cleanUp.use(new CsiClient(socket))
})
afterAll(() => cleanUp.disposeAsync())

interface Pod extends AsyncDisposable {
  readonly volume: LoopVolume
  readonly staging: string
  readonly target: string
  stage(change?: object): ReturnType<CsiClient['try']>
  publish(change?: object): ReturnType<CsiClient['try']>
  unpublish(): ReturnType<CsiClient['try']>
  unstage(): ReturnType<CsiClient['try']>
}

let pods = 0

/** A volume with the kubelet's paths for it; whatever is still mounted at the end comes off. */
async function pod(
  capability: object = { mount: { fsType: 'ext4' } },
  sizeBytes = GIB,
): Promise<Pod> {
  pods += 1
  const base = join(folder, `pod ${pods}`)
  const staging = join(base, 'globalmount')
  const target = join(base, 'volumes', 'mount')
  const volume = await loopVolume(folder, sizeBytes)
  const common = {
    volumeId: volume.volumeId,
    publishContext: { devicePath: volume.devicePath },
    stagingTargetPath: staging,
    volumeCapability: { accessMode: { mode: 'SINGLE_NODE_WRITER' }, ...capability },
  }
  const call = (name: string, request: object) => client.try(protocol.node, name, request)
  return {
    volume,
    staging,
    target,
    stage: (change) => call('NodeStageVolume', { ...common, ...change }),
    publish: (change) => call('NodePublishVolume', { ...common, targetPath: target, ...change }),
    unpublish: () => call('NodeUnpublishVolume', { volumeId: volume.volumeId, targetPath: target }),
    unstage: () =>
      call('NodeUnstageVolume', { volumeId: volume.volumeId, stagingTargetPath: staging }),
    async [Symbol.asyncDispose]() {
      for (const path of [target, staging]) {
        for (const mount of await mountsOn(path)) await run('umount', '--lazy', mount.mountPoint)
      }
      await volume[Symbol.asyncDispose]()
    },
  }
}

const OK = { code: 'OK', value: {} }

/** A master boot record with one Linux partition of 1 MiB. */
const PARTITION_TABLE = Buffer.alloc(512)
PARTITION_TABLE.set([0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0], 446)
PARTITION_TABLE.set([0x55, 0xaa], 510)

const CAP_SYS_RESOURCE = 24n
/** Whether this process has the capability that growing a mounted ext4 takes. */
async function mayResize(): Promise<boolean> {
  const effective = /^CapEff:\s*(\w+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n
}

describe('a file system', () => {
  test.each(['ext4', 'xfs', 'ext3'])(
    'of type %s is made, mounted, kept and let go',
    async (fsType) => {
      await using one = await pod({ mount: { fsType } })
      expect(await one.stage()).toEqual(OK)
      expect(await one.publish()).toEqual(OK)
      expect((await mountOn(one.target))?.fsType).toBe(fsType)
      await writeFile(join(one.target, 'row'), 'eu-south-1')
      expect(await one.unpublish()).toEqual(OK)
      await expect(stat(one.target)).rejects.toThrow('ENOENT')
      expect(await one.unstage()).toEqual(OK)
      expect(await mountOn(one.staging)).toBeUndefined()

      expect(await one.stage()).toEqual(OK)
      expect(await one.publish()).toEqual(OK)
      expect(await readFile(join(one.target, 'row'), 'utf8')).toBe('eu-south-1')
    },
  )

  test('is mounted with the options of the StorageClass', async () => {
    await using one = await pod({ mount: { fsType: 'ext4', mountFlags: ['debug', 'noatime'] } })
    expect(await one.stage()).toEqual(OK)
    expect(await one.publish()).toEqual(OK)
    expect((await mountOn(one.staging))?.superOptions).toContain('debug')
    expect((await mountOn(one.target))?.options).toContain('noatime')
  })

  test('is mounted once, however often that is asked, and let go as often', async () => {
    await using one = await pod()
    for (let count = 0; count < 3; count++) {
      expect(await one.stage()).toEqual(OK)
      expect(await one.publish()).toEqual(OK)
    }
    expect(await mountsOn(one.staging)).toHaveLength(1)
    expect(await mountsOn(one.target)).toHaveLength(1)
    for (let count = 0; count < 2; count++) expect(await one.unpublish()).toEqual(OK)
    for (let count = 0; count < 2; count++) expect(await one.unstage()).toEqual(OK)
    expect(await run('losetup', '--noheadings', '--output', 'NAME', '--list')).toContain(
      one.volume.loop,
    )
  })

  test('of an empty type is ext4, with nothing kept back for root', async () => {
    await using one = await pod({ mount: { fsType: '' } })
    await one.stage()
    expect((await mountOn(one.staging))?.fsType).toBe('ext4')
    expect(await run('dumpe2fs', '-h', one.volume.loop)).toMatch(/Reserved block count:\s+0\n/)
  })

  test('is made with the options of the volume context', async () => {
    await using one = await pod()
    expect(await one.stage({ volumeContext: { blocksize: '1024', inodesize: '512' } })).toEqual(OK)
    const facts = await run('dumpe2fs', '-h', one.volume.loop)
    expect(facts).toMatch(/Block size:\s+1024\n/)
    expect(facts).toMatch(/Inode size:\s+512\n/)
  })

  test('is read-only for a pod that asks so, whose volume is writable for others', async () => {
    await using one = await pod()
    await one.stage()
    expect(await one.publish({ readonly: true })).toEqual(OK)
    await expect(writeFile(join(one.target, 'row'), 'x')).rejects.toThrow('EROFS')
    await writeFile(join(one.staging, 'row'), 'x')
    expect(await one.publish({ readonly: false })).toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  const sizeOf = async (path: string) => Number(await run('stat', '-fc', '%b', path)) * 4096
  const expand = (one: Pod) =>
    client.try(protocol.node, 'NodeExpandVolume', {
      volumeId: one.volume.volumeId,
      volumePath: one.target,
    })

  test('grows to its device while it is mounted', async () => {
    await using one = await pod({ mount: { fsType: 'xfs' } })
    await one.stage()
    await one.publish()
    await one.volume.grow(2 * GIB)
    expect(await sizeOf(one.staging)).toBeLessThan(GIB)
    expect(await expand(one)).toEqual({ code: 'OK', value: { capacityBytes: 2 * GIB } })
    expect(await sizeOf(one.staging)).toBeGreaterThan(1.9 * GIB)
  })

  test('of type ext4 grows mounted where the kernel allows it, and says so where not', async () => {
    await using one = await pod()
    await one.stage()
    await one.publish()
    await one.volume.grow(2 * GIB)
    const refused = { code: 'FAILED_PRECONDITION', details: expect.stringContaining('restart') }
    const grown = { code: 'OK', value: { capacityBytes: 2 * GIB } }
    const outcome = (await mayResize()) ? grown : refused
    expect(await expand(one)).toMatchObject(outcome)
  })

  test.each(['ext4', 'xfs'])('of type %s grows to its device when it is staged', async (fsType) => {
    await using one = await pod({ mount: { fsType } })
    await one.stage()
    await one.unstage()
    await one.volume.grow(3 * GIB)
    expect(await one.stage()).toEqual(OK)
    expect(await sizeOf(one.staging)).toBeGreaterThan(2.8 * GIB)
  })

  test('tells its usage in bytes and inodes', async () => {
    await using one = await pod()
    await one.stage()
    await one.publish()
    const stats = (volumePath: string) =>
      client.try(protocol.node, 'NodeGetVolumeStats', { volumeId: 'v', volumePath })
    const answer = await stats(one.target)
    expect(answer).toMatchObject({ value: { usage: [{ unit: 'BYTES' }, { unit: 'INODES' }] } })
    const [bytes] = JSON.parse(JSON.stringify(answer)).value.usage
    expect(bytes.total).toBeGreaterThan(0.9 * GIB)
    expect(bytes.used + bytes.available).toBeLessThanOrEqual(bytes.total)
    expect(await stats(join(folder, 'nothing'))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await stats(folder)).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a block volume', () => {
  test('appears at the target as the device itself, as often as asked', async () => {
    await using one = await pod({ block: {} })
    expect(await one.stage()).toEqual(OK)
    expect(await one.publish()).toEqual(OK)
    expect(await one.publish()).toEqual(OK)
    expect(await mountsOn(one.target)).toHaveLength(1)
    const [device, target] = await Promise.all([stat(one.volume.loop), stat(one.target)])
    expect(target.isBlockDevice() && target.rdev === device.rdev).toBe(true)
    expect(
      await client.call(protocol.node, 'NodeGetVolumeStats', {
        volumeId: one.volume.volumeId,
        volumePath: one.target,
      }),
    ).toMatchObject({ usage: [{ unit: 'BYTES', total: GIB }] })
    expect(await one.unpublish()).toEqual(OK)
    await expect(stat(one.target)).rejects.toThrow('ENOENT')
    expect(await one.unpublish()).toEqual(OK)
    expect(await one.unstage()).toEqual(OK)
  })
})

describe('what was left there', () => {
  test('a mount of another device gives way', async () => {
    await using stale = await pod()
    await using fresh = await pod()
    await stale.stage()
    await mkdir(fresh.staging, { recursive: true })
    await mkdir(fresh.target, { recursive: true })
    await run('mount', stale.volume.loop, fresh.staging)
    await run('mount', stale.volume.loop, fresh.target)
    expect(await fresh.stage()).toEqual(OK)
    expect(await fresh.publish()).toEqual(OK)
    const number = (await mountOn(fresh.staging))?.device
    expect(number).not.toBe((await mountOn(stale.staging))?.device)
    expect((await mountOn(fresh.target))?.device).toBe(number)
    expect(await mountsOn(fresh.staging)).toHaveLength(1)
    expect(await mountsOn(fresh.target)).toHaveLength(1)
  })

  test('a file system that was shut down is mounted anew, and its synced data is there', async () => {
    await using one = await pod({ mount: { fsType: 'xfs' } })
    await one.stage()
    await one.publish()
    await writeFile(join(one.target, 'row'), 'synced', { flush: true })
    await run('xfs_io', '-x', '-c', 'shutdown', one.staging)
    await expect(writeFile(join(one.target, 'late'), 'x')).rejects.toThrow('EIO')
    await one.unpublish()
    expect(await one.stage()).toEqual(OK)
    expect(await one.publish()).toEqual(OK)
    expect(await readFile(join(one.target, 'row'), 'utf8')).toBe('synced')
  })

  test('a device without a medium, or of another volume, or none, is refused', async () => {
    await using one = await pod()
    await using other = await pod()
    expect(
      await one.stage({ publishContext: { devicePath: other.volume.devicePath } }),
    ).toMatchObject({ code: 'INTERNAL', details: expect.stringContaining('claims to be') })
    const nothing = join(folder, 'xvdzz')
    expect(await one.stage({ publishContext: { devicePath: nothing } })).toMatchObject({
      code: 'NOT_FOUND',
    })
    await symlink('/dev/null', nothing)
    expect(await one.stage({ publishContext: { devicePath: nothing } })).toMatchObject({
      code: 'NOT_FOUND',
      details: expect.stringContaining('no block device'),
    })
    await unlink(nothing)
  })

  test('a device that comes a moment later is waited for', async () => {
    await using one = await pod()
    const late = join(folder, 'xvdlate')
    const staged = one.stage({ publishContext: { devicePath: late } })
    await symlink(one.volume.loop, late)
    expect(await staged).toEqual(OK)
    await rm(late)
  })

  test('data of somebody else is never formatted away', async () => {
    await using one = await pod()
    await run('mkfs.xfs', '-q', one.volume.loop)
    expect(await one.stage()).toMatchObject({
      code: 'INTERNAL',
      details: expect.stringContaining('it already contains xfs'),
    })
    await using two = await pod()
    await writeFile(two.volume.loop, PARTITION_TABLE)
    expect(await two.stage()).toMatchObject({
      code: 'INTERNAL',
      details: expect.stringContaining('partition table'),
    })
    expect(await run('blkid', '-p', '-s', 'PTTYPE', '-o', 'value', two.volume.loop)).toBe('dos')
  })

  test('a damaged ext4 is repaired before it is mounted', async () => {
    await using one = await pod()
    await one.stage()
    await one.unstage()
    const state = async () =>
      /Filesystem state:\s+(.*)/.exec(await run('dumpe2fs', '-h', one.volume.loop))?.[1]
    await run('tune2fs', '-E', 'force_fsck', one.volume.loop)
    expect(await state()).toContain('errors')
    expect(await one.stage()).toEqual(OK)
    await one.unstage()
    expect(await state()).toBe('clean')
  })
})

test('says which instance in which zone it is, and how many volumes it takes', async () => {
  expect(await client.call(protocol.node, 'NodeGetInfo')).toMatchObject({
    nodeId: NODE.instanceId,
    maxVolumesPerNode: 27,
    accessibleTopology: {
      segments: {
        'topology.ebs.csi.aws.com/zone': 'us-east-1a',
        'topology.kubernetes.io/zone': 'us-east-1a',
        'kubernetes.io/os': 'linux',
      },
    },
  })
})

test('refuses a second call about a volume while the first is at work', async () => {
  await using one = await pod()
  const answers = await Promise.all([one.stage(), one.stage(), one.stage()])
  expect(answers.map(({ code }) => code).sort()).toEqual(['ABORTED', 'ABORTED', 'OK'])
})

test.each([
  ['NodeStageVolume', {}, 'Volume ID not provided'],
  ['NodeStageVolume', { volumeId: 'v' }, 'Staging target not provided'],
  ['NodeStageVolume', { volumeId: 'v', stagingTargetPath: '/s' }, 'Volume capability not provided'],
  ['NodePublishVolume', { volumeId: 'v', stagingTargetPath: '/s' }, 'Target path not provided'],
  ['NodeUnpublishVolume', { volumeId: 'v' }, 'Target path not provided'],
  ['NodeUnstageVolume', { volumeId: 'v' }, 'Staging target not provided'],
])('%s refuses %j', async (name, request, details) => {
  expect(await client.try(protocol.node, name, request)).toEqual({
    code: 'INVALID_ARGUMENT',
    details,
  })
})

test('refuses to publish what is not staged, and file systems that it cannot make', async () => {
  await using one = await pod()
  expect(await one.publish()).toMatchObject({ code: 'FAILED_PRECONDITION' })
  await using two = await pod({ mount: { fsType: 'btrfs' } })
  expect(await two.stage()).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await readdir(folder)).not.toContain('globalmount')
})
