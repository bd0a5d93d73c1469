import {
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { errorOf, startEc2 } from '../testing/start-ec2.ts'
import { attach, created, launched, shown } from '../testing/volume-steps.ts'

describe('an attachment', () => {
  it('goes attaching, attached, detaching, gone, as both sides show it', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    const answer = await attach(test, id, instanceId)
    expect(answer).toMatchObject({
      State: 'attaching',
      VolumeId: id,
      InstanceId: instanceId,
      Device: '/dev/xvdaa',
      DeleteOnTermination: false,
    })
    expect(answer.AttachTime).toBeInstanceOf(Date)
    expect(await shown(test, id)).toMatchObject({
      State: 'in-use',
      Attachments: [{ State: 'attaching', InstanceId: instanceId, Device: '/dev/xvdaa' }],
    })

    await test.clock.advance(1000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('attached')
    const { Reservations } = await test.client.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    )
    expect(Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings).toMatchObject([
      { DeviceName: '/dev/xvda', Ebs: { Status: 'attached', DeleteOnTermination: true } },
      {
        DeviceName: '/dev/xvdaa',
        Ebs: { VolumeId: id, Status: 'attached', DeleteOnTermination: false },
      },
    ])

    const detached = await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    expect(detached).toMatchObject({ State: 'detaching', InstanceId: instanceId })
    expect(await shown(test, id)).toMatchObject({
      State: 'in-use',
      Attachments: [{ State: 'detaching' }],
    })
    await test.clock.advance(1000)
    expect(await shown(test, id)).toMatchObject({ State: 'available', Attachments: [] })
    expect(test.backend.violations).toEqual([])
  })

  it('on Xen stays busy while mounted, says so again and again, and ends with the mount', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    const detach = () => test.client.send(new DetachVolumeCommand({ VolumeId: id }))

    expect((await detach()).State).toBe('detaching')
    expect((await detach()).State).toBe('detaching')
    await test.clock.advance(60_000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('busy')
    expect((await detach()).State).toBe('busy')
    const busyFilter = { Filters: [{ Name: 'attachment.status', Values: ['busy'] }] }
    const { Volumes } = await test.client.send(new DescribeVolumesCommand(busyFilter))
    expect(Volumes?.map((volume) => volume.VolumeId)).toEqual([id])

    test.backend.mounted.delete(id)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('on Xen that is busy goes by force', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(5000)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id, Force: true }))
    await test.clock.advance(0)
    expect((await shown(test, id))?.State).toBe('available')
    expect(test.backend.calls.at(-1)).toBe(`unplug ${id} ${instanceId} force`)
  })

  it('on Nitro is taken away even while mounted', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 'm5.large')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('can be undone while it is attaching', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    await attach(test, id, instanceId)
    expect((await test.client.send(new DetachVolumeCommand({ VolumeId: id }))).State).toBe(
      'detaching',
    )
    await test.clock.advance(5000)
    expect((await shown(test, id))?.State).toBe('available')
    expect(test.backend.calls.filter((call) => call.startsWith('plug'))).toEqual([])
  })

  it('that the block store refuses leaves the volume available', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    test.backend.failNext('plug')
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('is possible to a stopped instance', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    await test.client.send(new StopInstancesCommand({ InstanceIds: [instanceId] }))
    expect(await errorOf(attach(test, id, instanceId))).toMatchObject({
      code: 'IncorrectState',
      message: `Instance '${instanceId}' is not 'running'.`,
    })
    await test.clock.advance(1000)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('attached')
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('is refused where EC2 refuses it', async () => {
    await using test = await startEc2()
    const here = await launched(test)
    const there = await launched(test, 't3.medium', 1)
    const id = await created(test)
    const other = await created(test)
    expect(await errorOf(attach(test, id, there))).toEqual({
      code: 'InvalidVolume.ZoneMismatch',
      message: `The volume '${id}' is not in the same availability zone as instance '${there}'`,
      status: 400,
    })
    expect(await errorOf(attach(test, id, here, '/dev/sdk1'))).toMatchObject({
      code: 'InvalidParameterValue',
      message:
        'Value (/dev/sdk1) for parameter device is invalid. /dev/sdk1 is not a valid EBS device name.',
    })
    await attach(test, id, here, '/dev/sdf')
    expect(await errorOf(attach(test, id, here, '/dev/sdg'))).toMatchObject({
      code: 'VolumeInUse',
      message: `${id} is already attached to an instance`,
    })
    expect(await errorOf(attach(test, other, here, '/dev/xvdf'))).toMatchObject({
      code: 'InvalidParameterValue',
      message:
        "Invalid value '/dev/xvdf' for unixDevice. Attachment point /dev/xvdf is already in use",
    })
    expect((await errorOf(attach(test, other, here, '/dev/xvda'))).message).toContain('in use')
    expect(
      await errorOf(test.client.send(new DeleteVolumeCommand({ VolumeId: id }))),
    ).toMatchObject({
      code: 'VolumeInUse',
      message: `Volume ${id} is currently attached to ${here}`,
    })
    const detach = (input: ConstructorParameters<typeof DetachVolumeCommand>[0]) =>
      errorOf(test.client.send(new DetachVolumeCommand(input)))
    expect((await detach({ VolumeId: id, InstanceId: there })).code).toBe(
      'InvalidAttachment.NotFound',
    )
    expect((await detach({ VolumeId: id, Device: '/dev/sdz' })).code).toBe(
      'InvalidAttachment.NotFound',
    )
    expect(await detach({ VolumeId: other })).toMatchObject({
      code: 'IncorrectState',
      message: `Volume '${other}' is in the 'available' state.`,
    })
    const root = test.ec2.snapshot().volumes.find((volume) => volume.root)?.volumeId ?? ''
    expect((await detach({ VolumeId: root })).code).toBe('OperationNotPermitted')
    expect((await errorOf(attach(test, id, 'i-0123456789abcdef0'))).code).toBe(
      'InvalidInstanceID.NotFound',
    )
    expect((await errorOf(attach(test, 'vol-0123456789abcdef0', here))).code).toBe(
      'InvalidVolume.NotFound',
    )
    expect((await errorOf(attach(test, 'vol-xyz', here))).message).toBe(
      "Value (vol-xyz) for parameter volumeId is invalid. Expected: 'vol-...'.",
    )
  })

  it('is limited in number by the instance type', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const letters = Array.from({ length: 26 }, (_, n) => `/dev/xvda${String.fromCharCode(97 + n)}`)
    for (const device of letters) await attach(test, await created(test), instanceId, device)
    const error = await errorOf(attach(test, await created(test), instanceId, '/dev/xvdba'))
    expect(error.code).toBe('AttachmentLimitExceeded')
  })

  it('ends with the instance, for a volume of DeleteOnTermination false', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
    await test.clock.advance(5000)
    expect((await shown(test, id))?.State).toBe('available')
    const { Volumes } = await test.client.send(new DescribeVolumesCommand({}))
    expect(Volumes?.map((volume) => volume.VolumeId)).toEqual([id])
    expect(test.backend.violations).toEqual([])
  })
})
