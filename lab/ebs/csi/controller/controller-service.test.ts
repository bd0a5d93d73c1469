import { join } from 'node:path'
import { DescribeVolumesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../ec2/clock.ts'
import { type Ec2UnderTest, startEc2 } from '../../../ec2/testing/start-ec2.ts'
import { readDescriptors } from '../rpc/descriptors.ts'
import { identityHandlers } from '../rpc/identity.ts'
import { loadProtocol, type Protocol } from '../rpc/protocol.ts'
import { UnixServer } from '../rpc/server.ts'
import { type Answer, CsiClient } from '../testing/csi-client.ts'
import { protoDirs } from '../testing/proto-dirs.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { controllerHandlers } from './controller-service.ts'

const GIB = 2 ** 30
const MOUNT = { mount: { fsType: 'ext4' }, accessMode: { mode: 'SINGLE_NODE_WRITER' } }
const zoneOf = (zone: string) => ({ segments: { 'topology.kubernetes.io/zone': zone } })

let aws: Ec2UnderTest
let protocol: Protocol
let client: CsiClient
const cleanUp = new AsyncDisposableStack()

beforeAll(async () => {
  const folder = cleanUp.use(await temporaryFolder())
  aws = cleanUp.use(
    await startEc2({
      clock: systemClock,
      latencyMs: {
        createVolume: [120, 120],
        attachVolume: [120, 120],
        detachVolume: [120, 120],
        modifyVolume: [120, 120],
        createSnapshot: [20, 20],
        launchInstance: [1, 1],
      },
    }),
  )
  protocol = loadProtocol(await readDescriptors(await protoDirs()))
  const socket = join(folder.path, 'csi.sock')
  cleanUp.use(
    await UnixServer.listen(socket, [
      [protocol.identity, identityHandlers(() => true)],
      [protocol.controller, controllerHandlers(aws.client)],
    ]),
  )
  client = cleanUp.use(new CsiClient(socket))
})
afterAll(() => cleanUp.disposeAsync())

let names = 0
const freshName = () => `pvc-${(names += 1)}`
const create = (request: object) =>
  client.try(protocol.controller, 'CreateVolume', {
    name: freshName(),
    capacityRange: { requiredBytes: GIB },
    volumeCapabilities: [MOUNT],
    ...request,
  })
const created = async (request: object = {}) => volumeOf(await create(request))
const launch = async (zone: string, instanceType = 't3.medium') =>
  (await aws.ec2.launch({ imageId: 'ami-0123456789abcdef0', instanceType, zone })).instanceId
const described = async (volumeId: string) =>
  (await aws.client.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))).Volumes?.[0]
const publish = (volumeId: string, nodeId: string) =>
  client.try(protocol.controller, 'ControllerPublishVolume', {
    volumeId,
    nodeId,
    volumeCapability: MOUNT,
  })
const unpublish = (volumeId: string, nodeId: string) =>
  client.try(protocol.controller, 'ControllerUnpublishVolume', { volumeId, nodeId })

interface MadeVolume {
  readonly volumeId: string
  readonly capacityBytes: number
  readonly accessibleTopology: readonly object[]
  readonly volumeContext: object
}
function volumeOf(answer: Answer): MadeVolume {
  if (!('value' in answer)) throw new Error(`${answer.code}: ${answer.details}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the message of csi.proto
  return (answer.value as { volume: MadeVolume }).volume
}

describe('creating a volume', () => {
  test('makes what the StorageClass and the provisioner ask for, and waits until it is there', async () => {
    const volume = await created({
      name: 'pvc-tutorial',
      capacityRange: { requiredBytes: 4.2 * GIB },
      parameters: {
        type: 'gp2',
        encrypted: 'true',
        'csi.storage.k8s.io/pvc/name': 'cassandra-data-cassandra-0',
        'csi.storage.k8s.io/pvc/namespace': 'default',
        'csi.storage.k8s.io/pv/name': 'pvc-tutorial',
        tagSpecification_1: 'owner={{ .PVCNamespace }}/{{ .PVCName }}',
      },
      accessibilityRequirements: {
        requisite: ['us-east-1a', 'us-east-1b', 'us-east-1c'].map(zoneOf),
        preferred: [zoneOf('us-east-1c'), zoneOf('us-east-1a')],
      },
    })
    expect(volume).toMatchObject({
      capacityBytes: 5 * GIB,
      accessibleTopology: [{ segments: { 'topology.kubernetes.io/zone': 'us-east-1c' } }],
      volumeContext: {},
    })
    const found = await described(volume.volumeId)
    expect(found).toMatchObject({
      State: 'available',
      Size: 5,
      VolumeType: 'gp2',
      Encrypted: true,
      AvailabilityZone: 'us-east-1c',
    })
    expect(Object.fromEntries(found?.Tags?.map(({ Key, Value }) => [Key, Value]) ?? [])).toEqual({
      CSIVolumeName: 'pvc-tutorial',
      'ebs.csi.aws.com/cluster': 'true',
      'kubernetes.io/created-for/pvc/name': 'cassandra-data-cassandra-0',
      'kubernetes.io/created-for/pvc/namespace': 'default',
      'kubernetes.io/created-for/pv/name': 'pvc-tutorial',
      owner: 'default/cassandra-data-cassandra-0',
    })
    // sha256 of "pvc-tutorial": the token that upstream sends.
    expect(aws.log.join('\n')).toContain(
      '412e23ce82227ca2fa01f8235153bc1250ef84dd2c0450cffa334d278f054c7b',
    )
  })

  test('answers a repeated call with the same volume', async () => {
    const first = await created({ name: 'again' })
    expect(await created({ name: 'again' })).toEqual(first)
  })

  test('takes the volume of that name if it is large enough, though asked for less', async () => {
    const big = { requiredBytes: 3 * GIB }
    const first = await created({ name: 'roomy', capacityRange: big })
    const smaller = { requiredBytes: 2 * GIB, limitBytes: 4 * GIB }
    expect(await created({ name: 'roomy', capacityRange: smaller })).toEqual(first)
  })

  test('says ALREADY_EXISTS, each time, when the volume of that name is too small', async () => {
    await created({ name: 'small' })
    const capacityRange = { requiredBytes: 2 * GIB }
    expect(await create({ name: 'small', capacityRange })).toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await create({ name: 'small', capacityRange })).toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('makes another one when the volume of that name was deleted', async () => {
    const first = await created({ name: 'phoenix' })
    await client.call(protocol.controller, 'DeleteVolume', { volumeId: first.volumeId })
    await expect
      .poll(async () => described(first.volumeId).catch(() => undefined), { timeout: 5000 })
      .toBeUndefined()
    const second = await created({ name: 'phoenix' })
    expect(second.volumeId).not.toBe(first.volumeId)
  })

  test('goes to the first requisite zone without a preferred one', async () => {
    const accessibilityRequirements = { requisite: [zoneOf('us-east-1b'), zoneOf('us-east-1a')] }
    const volume = await created({ accessibilityRequirements })
    expect((await described(volume.volumeId))?.AvailabilityZone).toBe('us-east-1b')
  })

  test('makes 100 GiB when no size is asked for', async () => {
    expect(await created({ capacityRange: null })).toMatchObject({ capacityBytes: 100 * GIB })
  })

  test('refuses a second call about the same name while the first is at work', async () => {
    const [first, second] = await Promise.all([create({ name: 'twin' }), create({ name: 'twin' })])
    expect([first.code, second.code].sort()).toEqual(['ABORTED', 'OK'])
  })

  test.each([
    ['no name', { name: '' }, 'INVALID_ARGUMENT'],
    ['no capability', { volumeCapabilities: [] }, 'INVALID_ARGUMENT'],
    ['an unknown parameter', { parameters: { tpye: 'gp2' } }, 'INVALID_ARGUMENT'],
    [
      'a size over the limit',
      { capacityRange: { requiredBytes: 5, limitBytes: 6 } },
      'OUT_OF_RANGE',
    ],
    ['iops that are no number', { parameters: { iops: 'many' } }, 'INVALID_ARGUMENT'],
    ['an unknown type', { parameters: { type: 'gp9' } }, 'INVALID_ARGUMENT'],
    [
      'many writers on a file system',
      { volumeCapabilities: [{ ...MOUNT, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } }] },
      'INVALID_ARGUMENT',
    ],
    [
      'a snapshot whose id is none',
      { volumeContentSource: { snapshot: { snapshotId: 'non-existing' } } },
      'NOT_FOUND',
    ],
    [
      'a snapshot that is not there',
      { volumeContentSource: { snapshot: { snapshotId: 'snap-00000000000000000' } } },
      'NOT_FOUND',
    ],
  ])('refuses %s', async (_, request, code) => {
    expect(await create(request)).toMatchObject({ code })
  })
})

describe('attaching', () => {
  test('attaches under the first free name and detaches again, both as often as asked', async () => {
    const nodeId = await launch('us-east-1a')
    const here = { accessibilityRequirements: { requisite: [zoneOf('us-east-1a')] } }
    const [one, two] = await Promise.all([created(here), created(here)])
    const [first, second] = await Promise.all([
      publish(one.volumeId, nodeId),
      publish(two.volumeId, nodeId),
    ])
    const device = (devicePath: string) => ({
      code: 'OK',
      value: { publishContext: { devicePath } },
    })
    expect([first, second].map((answer) => JSON.stringify(answer)).sort()).toEqual(
      [device('/dev/xvdaa'), device('/dev/xvdab')].map((answer) => JSON.stringify(answer)),
    )
    expect(await publish(one.volumeId, nodeId)).toEqual(first)
    expect((await described(one.volumeId))?.Attachments?.[0]?.State).toBe('attached')

    expect(await unpublish(one.volumeId, nodeId)).toMatchObject({ code: 'OK' })
    expect((await described(one.volumeId))?.State).toBe('available')
    expect(await unpublish(one.volumeId, nodeId)).toMatchObject({ code: 'OK' })
    expect(await unpublish('vol-00000000000000000', nodeId)).toMatchObject({ code: 'OK' })
    expect(await publish(one.volumeId, nodeId)).toEqual(first)
  })

  test('waits while the machine has the volume mounted', async () => {
    // On Xen: Nitro takes a device away whether or not it is mounted.
    const nodeId = await launch('us-east-1a', 't2.medium')
    const accessibilityRequirements = { requisite: [zoneOf('us-east-1a')] }
    const { volumeId } = await created({ accessibilityRequirements })
    await publish(volumeId, nodeId)
    aws.backend.mounted.add(volumeId)
    const impatient = await client.try(
      protocol.controller,
      'ControllerUnpublishVolume',
      { volumeId, nodeId },
      1000,
    )
    expect(impatient).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    expect((await described(volumeId))?.State).toBe('in-use')
    aws.backend.mounted.delete(volumeId)
    expect(await unpublish(volumeId, nodeId)).toMatchObject({ code: 'OK' })
    expect((await described(volumeId))?.State).toBe('available')
  })

  test('says why when another node has the volume, or it is elsewhere, or nothing is there', async () => {
    const [here, too, there] = await Promise.all(
      ['us-east-1a', 'us-east-1a', 'us-east-1b'].map((zone) => launch(zone)),
    )
    const accessibilityRequirements = { requisite: [zoneOf('us-east-1a')] }
    const { volumeId } = await created({ accessibilityRequirements })
    expect(await publish(volumeId, there ?? '')).toMatchObject({
      code: 'INTERNAL',
      details: expect.stringContaining('InvalidVolume.ZoneMismatch'),
    })
    await publish(volumeId, here ?? '')
    expect(await publish(volumeId, too ?? '')).toMatchObject({
      code: 'FAILED_PRECONDITION',
      details: expect.stringContaining('VolumeInUse'),
    })
    expect(await publish(volumeId, 'i-00000000000000000')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await publish('vol-00000000000000000', here ?? '')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await publish('no-volume', here ?? '')).toMatchObject({ code: 'NOT_FOUND' })
    expect(await client.try(protocol.controller, 'DeleteVolume', { volumeId })).toMatchObject({
      code: 'FAILED_PRECONDITION',
    })
  })
})

test('validates capabilities of a volume that exists', async () => {
  const { volumeId } = await created()
  const validate = (id: string, mode: string) =>
    client.try(protocol.controller, 'ValidateVolumeCapabilities', {
      volumeId: id,
      volumeCapabilities: [{ mount: {}, accessMode: { mode } }],
    })
  expect(await validate(volumeId, 'SINGLE_NODE_WRITER')).toMatchObject({
    value: { confirmed: { volumeCapabilities: [{ accessType: 'mount' }] } },
  })
  expect(await validate(volumeId, 'MULTI_NODE_MULTI_WRITER')).toMatchObject({
    value: { confirmed: null },
  })
  expect(await validate('vol-1', 'SINGLE_NODE_WRITER')).toMatchObject({ code: 'NOT_FOUND' })
})

test('deletes a volume, and is content when there is none', async () => {
  const { volumeId } = await created()
  for (const id of [volumeId, volumeId, 'vol-00000000000000000', 'no-volume']) {
    expect(await client.try(protocol.controller, 'DeleteVolume', { volumeId: id })).toMatchObject({
      code: 'OK',
    })
  }
  await expect
    .poll(async () => described(volumeId).catch(() => undefined), { timeout: 5000 })
    .toBeUndefined()
})

test('grows a volume and says whether the node has to grow its file system', async () => {
  const { volumeId } = await created()
  const expand = (request: object) =>
    client.call(protocol.controller, 'ControllerExpandVolume', { volumeId, ...request })
  const capacityRange = { requiredBytes: 2 * GIB }
  const grown = { capacityBytes: 2 * GIB, nodeExpansionRequired: true }
  expect(await expand({ capacityRange, volumeCapability: MOUNT })).toEqual(grown)
  expect((await described(volumeId))?.Size).toBe(2)
  expect(await expand({ capacityRange })).toEqual(grown)
  expect(
    await expand({ capacityRange, volumeCapability: { ...MOUNT, mount: null, block: {} } }),
  ).toMatchObject({ nodeExpansionRequired: false })
})

test('makes, lists in pages, restores and deletes snapshots', async () => {
  const { volumeId } = await created()
  const other = await created()
  const snapshot = (name: string, sourceVolumeId: string) =>
    client.try(protocol.controller, 'CreateSnapshot', { name, sourceVolumeId })
  const list = (request: object) => client.call(protocol.controller, 'ListSnapshots', request)

  const first = await client.call(protocol.controller, 'CreateSnapshot', {
    name: 's1',
    sourceVolumeId: volumeId,
  })
  const { snapshotId } = first.snapshot
  expect(first.snapshot).toMatchObject({ sourceVolumeId: volumeId, sizeBytes: GIB })
  expect(await snapshot('s1', volumeId)).toMatchObject({ value: { snapshot: { snapshotId } } })
  expect(await snapshot('s1', other.volumeId)).toMatchObject({ code: 'ALREADY_EXISTS' })
  await snapshot('s2', volumeId)
  await snapshot('s3', other.volumeId)

  expect((await list({ sourceVolumeId: volumeId })).entries).toHaveLength(2)
  expect((await list({ snapshotId })).entries).toHaveLength(1)
  expect((await list({ snapshotId: 'snap-none' })).entries).toHaveLength(0)
  const page = await list({ maxEntries: 2 })
  const rest = await list({ maxEntries: 2, startingToken: page.nextToken })
  expect([page.entries.length, rest.entries.length, rest.nextToken]).toEqual([2, 1, ''])
  expect(
    await client.try(protocol.controller, 'ListSnapshots', { startingToken: 'none' }),
  ).toMatchObject({ code: 'ABORTED' })

  await expect
    .poll(async () => (await list({ snapshotId })).entries[0].snapshot.readyToUse)
    .toBe(true)
  const restored = await create({ volumeContentSource: { snapshot: { snapshotId } } })
  expect(restored).toMatchObject({
    value: { volume: { contentSource: { type: 'snapshot', snapshot: { snapshotId } } } },
  })
  for (const id of [snapshotId, snapshotId, 'snap-none']) {
    await client.call(protocol.controller, 'DeleteSnapshot', { snapshotId: id })
  }
  await expect.poll(async () => (await list({ snapshotId })).entries).toHaveLength(0)
})

test('tells its name, and that volumes are bound to zones', async () => {
  expect(await client.call(protocol.identity, 'GetPluginInfo')).toMatchObject({
    name: 'ebs.csi.aws.com',
  })
  const { capabilities } = await client.call(protocol.identity, 'GetPluginCapabilities')
  expect(capabilities).toContainEqual(
    expect.objectContaining({ service: { type: 'VOLUME_ACCESSIBILITY_CONSTRAINTS' } }),
  )
  expect(await client.try(protocol.controller, 'ListVolumes')).toMatchObject({
    code: 'UNIMPLEMENTED',
  })
})
