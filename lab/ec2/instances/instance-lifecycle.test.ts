import {
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from '../testing/start-ec2.ts'
import { attach, created, launched, shown } from '../testing/volume-steps.ts'

async function instance(test: Ec2UnderTest, id: string) {
  const { Reservations } = await test.client.send(
    new DescribeInstancesCommand({ InstanceIds: [id] }),
  )
  return Reservations?.[0]?.Instances?.[0]
}

const stateOf = async (test: Ec2UnderTest, id: string) => (await instance(test, id))?.State

const stop = (test: Ec2UnderTest, id: string, how = {}) =>
  test.client.send(new StopInstancesCommand({ InstanceIds: [id], ...how }))
const start = (test: Ec2UnderTest, id: string) =>
  test.client.send(new StartInstancesCommand({ InstanceIds: [id] }))
const reboot = (test: Ec2UnderTest, id: string) =>
  test.client.send(new RebootInstancesCommand({ InstanceIds: [id] }))
const terminate = (test: Ec2UnderTest, id: string, how = {}) =>
  test.client.send(new TerminateInstancesCommand({ InstanceIds: [id], ...how }))

const pendingInstance = (test: Ec2UnderTest): string =>
  test.ec2.runInstances({ imageId: 'ami-1', instanceType: 't3.medium', zone: 'us-east-1a' })[0]
    ?.instanceId ?? ''

describe('an instance', () => {
  it('goes pending, running, stopping, stopped, pending, running, with EC2’s codes', async () => {
    await using test = await startEc2()
    const id = pendingInstance(test)
    expect(await stateOf(test, id)).toEqual({ Code: 0, Name: 'pending' })
    expect(await errorOf(stop(test, id))).toEqual({
      code: 'IncorrectInstanceState',
      message: `Instance '${id}' cannot be stopped as it has never reached the 'running' state.`,
      status: 400,
    })
    await test.clock.advance(1000)
    expect(await stateOf(test, id)).toEqual({ Code: 16, Name: 'running' })
    expect((await start(test, id)).StartingInstances).toEqual([
      {
        InstanceId: id,
        PreviousState: { Code: 16, Name: 'running' },
        CurrentState: { Code: 16, Name: 'running' },
      },
    ])

    expect((await stop(test, id)).StoppingInstances).toEqual([
      {
        InstanceId: id,
        PreviousState: { Code: 16, Name: 'running' },
        CurrentState: { Code: 64, Name: 'stopping' },
      },
    ])
    expect(await errorOf(start(test, id))).toMatchObject({
      code: 'IncorrectInstanceState',
      message: `The instance '${id}' is not in a state from which it can be started.`,
    })
    await test.clock.advance(1000)
    expect(await instance(test, id)).toMatchObject({
      State: { Code: 80, Name: 'stopped' },
      StateReason: {
        Code: 'Client.UserInitiatedShutdown',
        Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
      },
      StateTransitionReason: 'User initiated (2026-01-02 03:04:06 GMT)',
    })
    expect((await stop(test, id)).StoppingInstances?.[0]?.CurrentState?.Name).toBe('stopped')

    await start(test, id)
    expect(await instance(test, id)).toMatchObject({ State: { Name: 'pending' } })
    await test.clock.advance(1000)
    const again = await instance(test, id)
    expect(again).toMatchObject({ State: { Name: 'running' }, StateTransitionReason: '' })
    expect(again?.StateReason).toBeUndefined()
    expect(test.backend.calls).toEqual([`launch ${id}`, `shutDown ${id}`, `powerOn ${id}`])
  })

  it('is terminated from any state, shown for an hour, and then forgotten', async () => {
    await using test = await startEc2()
    const id = pendingInstance(test)
    await terminate(test, id)
    expect(await stateOf(test, id)).toEqual({ Code: 32, Name: 'shutting-down' })
    expect((await errorOf(start(test, id))).code).toBe('IncorrectInstanceState')
    expect((await errorOf(stop(test, id))).code).toBe('IncorrectInstanceState')
    await test.clock.advance(2000)
    const gone = await instance(test, id)
    expect(gone).toMatchObject({ State: { Code: 48, Name: 'terminated' }, BlockDeviceMappings: [] })
    expect(gone?.PrivateIpAddress).toBeUndefined()
    expect((await terminate(test, id)).TerminatingInstances?.[0]?.CurrentState?.Code).toBe(48)
    expect((await errorOf(start(test, id))).code).toBe('IncorrectInstanceState')
    await test.clock.advance(3_600_000)
    expect(await errorOf(instance(test, id))).toMatchObject({
      code: 'InvalidInstanceID.NotFound',
      message: `The instance ID '${id}' does not exist`,
    })
    expect(test.backend.violations).toEqual([])
    expect(test.ec2.snapshot().volumes).toEqual([])
  })

  it('keeps its volumes over a stop', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    const volumeId = await created(test)
    await attach(test, volumeId, id)
    await test.clock.advance(1000)
    await stop(test, id)
    await test.clock.advance(1000)
    expect((await shown(test, volumeId))?.Attachments?.[0]?.State).toBe('attached')
    await start(test, id)
    await test.clock.advance(1000)
    expect((await shown(test, volumeId))?.Attachments?.[0]?.State).toBe('attached')
    expect(test.backend.calls.filter((call) => call.includes('plug'))).toHaveLength(1)
  })

  it.each([{ SkipOsShutdown: true }, { SkipOsShutdown: true, Force: true }])(
    'loses its power by %o',
    async (how) => {
      await using test = await startEc2()
      const id = await launched(test)
      await stop(test, id, how)
      await test.clock.advance(0)
      expect(test.backend.power.get(id)).toBe('off')
      expect(test.backend.calls.at(-1)).toBe(`powerOff ${id}`)
      expect((await stateOf(test, id))?.Name).toBe('stopping')
    },
  )

  it('is asked to shut down first by Force alone, and has minutes for it', async () => {
    await using test = await startEc2()
    const [stopped, terminated] = [await launched(test), await launched(test)]
    for (const [id, end] of [
      [stopped, stop],
      [terminated, terminate],
    ] as const) {
      test.backend.holdNext('shutDown')
      await end(test, id, { Force: true })
      await test.clock.advance(1000)
      expect(test.backend.calls.at(-1)).toBe(`shutDown ${id}`)
    }
    expect((await stateOf(test, stopped))?.Name).toBe('stopping')
    await terminate(test, terminated, { Force: true })
    await test.clock.advance(1000)
    expect((await stateOf(test, terminated))?.Name).toBe('terminated')
    expect((await stateOf(test, stopped))?.Name).toBe('stopping')
    await test.clock.advance(240_000)
    expect((await stateOf(test, stopped))?.Name).toBe('stopped')
  })

  it('that fails to launch while it is being terminated is terminated once', async () => {
    await using test = await startEc2()
    test.backend.failNext('launch')
    const [one] = test.ec2.runInstances({
      imageId: 'ami-1',
      instanceType: 't3.medium',
      zone: 'us-east-1a',
    })
    const id = one?.instanceId ?? ''
    const release = test.backend.holdNext('destroy')
    for (let ms = 0; !test.backend.calls.includes(`destroy ${id}`); ms += 10) {
      expect(ms).toBeLessThan(2000)
      await test.clock.advance(10)
    }
    await terminate(test, id)
    release()
    await test.clock.advance(10_000)
    expect((await stateOf(test, id))?.Name).toBe('terminated')
    expect(test.log.join('\n')).not.toContain("can't go")
  })

  it('that takes its time to stop can be hurried, and is not waited for without end', async () => {
    await using test = await startEc2()
    const [slow, hurried] = [await launched(test), await launched(test)]
    for (const id of [slow, hurried]) {
      test.backend.holdNext('shutDown')
      await stop(test, id)
      await test.clock.advance(1000)
    }
    expect((await stateOf(test, hurried))?.Name).toBe('stopping')
    await stop(test, hurried, { Force: true })
    await test.clock.advance(1000)
    expect((await stateOf(test, hurried))?.Name).toBe('stopped')
    expect((await stateOf(test, slow))?.Name).toBe('stopping')
    await test.clock.advance(240_000)
    expect((await stateOf(test, slow))?.Name).toBe('stopped')
    expect(test.backend.calls.slice(-2)).toEqual([`powerOff ${hurried}`, `powerOff ${slow}`])
  })

  it('reboots without leaving running', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    const release = test.backend.holdNext('shutDown')
    await reboot(test, id)
    await reboot(test, id)
    await test.clock.advance(1000)
    expect(await stateOf(test, id)).toEqual({ Code: 16, Name: 'running' })
    expect(test.ec2.snapshot().instances[0]?.rebooting).toBe(true)
    release()
    await test.clock.advance(1000)
    expect(test.backend.calls.slice(1)).toEqual([`shutDown ${id}`, `powerOn ${id}`])
    expect(test.ec2.snapshot().instances[0]?.rebooting).toBe(false)
    await stop(test, id)
    expect((await errorOf(reboot(test, id))).code).toBe('IncorrectInstanceState')
  })

  it('that is stopped in the middle of a reboot stays off', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    const release = test.backend.holdNext('shutDown')
    await reboot(test, id)
    await test.clock.advance(0)
    await stop(test, id)
    release()
    await test.clock.advance(1000)
    expect((await stateOf(test, id))?.Name).toBe('stopped')
    expect(test.backend.power.get(id)).toBe('off')
    expect(test.backend.calls).not.toContain(`powerOn ${id}`)
  })

  it('whose machine goes off by itself is stopped, or terminated if it was launched so', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    test.ec2.machineStopped(id)
    expect((await stateOf(test, id))?.Name).toBe('stopping')
    await test.clock.advance(1000)
    expect(await instance(test, id)).toMatchObject({
      State: { Name: 'stopped' },
      StateReason: { Code: 'Client.InstanceInitiatedShutdown' },
    })
    test.ec2.machineStopped(id)
    test.ec2.machineStopped('i-00000000000000000')
    expect(test.backend.calls).toEqual([`launch ${id}`])

    const parameters = { ImageId: 'ami-1', InstanceType: 't3.medium', MinCount: '1', MaxCount: '1' }
    const behavior = { InstanceInitiatedShutdownBehavior: 'terminate' }
    const place = { 'Placement.AvailabilityZone': 'us-east-1a' }
    test.ec2.call('RunInstances', { ...parameters, ...behavior, ...place })
    await test.clock.advance(1000)
    const other = test.ec2.snapshot().instances[1]?.instanceId ?? ''
    test.ec2.machineStopped(other)
    await test.clock.advance(1000)
    expect((await stateOf(test, other))?.Name).toBe('terminated')
  })

  it.each([
    ['rebooted', reboot],
    ['started', start],
  ])('whose machine dies as soon as it is %s is stopped', async (_, powerOn) => {
    await using test = await startEc2()
    const id = await launched(test)
    if (powerOn === start) {
      await stop(test, id)
      await test.clock.advance(1000)
    }
    const release = test.backend.holdNext('powerOn')
    await powerOn(test, id)
    await test.clock.advance(1000)
    expect(test.backend.power.get(id)).toBe('off')
    release()
    while (test.backend.power.get(id) === 'off') await Promise.resolve()
    // Nobody has been told yet that it is on.
    test.backend.crash(id)
    test.ec2.machineStopped(id)
    await test.clock.advance(1000)
    expect((await stateOf(test, id))?.Name).toBe('stopped')
  })

  it('that will not launch is terminated, and one that will not start is stopped', async () => {
    await using test = await startEc2()
    test.backend.failNext('launch')
    const id = await launched(test)
    expect(await instance(test, id)).toMatchObject({
      State: { Name: 'terminated' },
      StateReason: { Code: 'Server.InternalError' },
    })
    const other = await launched(test)
    await stop(test, other)
    await test.clock.advance(1000)
    test.backend.failNext('powerOn')
    await start(test, other)
    await test.clock.advance(1000)
    expect(await instance(test, other)).toMatchObject({
      State: { Name: 'stopped' },
      StateReason: { Code: 'Server.InternalError' },
    })
  })

  it('passes its status checks a while after it runs', async () => {
    await using test = await startEc2()
    const id = pendingInstance(test)
    const status = (all = false) =>
      test.client.send(new DescribeInstanceStatusCommand({ IncludeAllInstances: all }))
    expect((await status()).InstanceStatuses).toEqual([])
    expect((await status(true)).InstanceStatuses?.[0]).toMatchObject({
      InstanceId: id,
      InstanceState: { Name: 'pending' },
      InstanceStatus: { Status: 'not-applicable', Details: [] },
    })
    await test.clock.advance(700)
    expect((await status()).InstanceStatuses?.[0]?.InstanceStatus?.Status).toBe('initializing')
    await test.clock.advance(3000)
    expect((await status()).InstanceStatuses?.[0]?.SystemStatus).toEqual({
      Status: 'ok',
      Details: [{ Name: 'reachability', Status: 'passed' }],
    })
  })

  it('can be waited for', async () => {
    await using test = await startEc2()
    const launching = test.ec2.launch({
      imageId: 'ami-1',
      instanceType: 't3.medium',
      zone: 'us-east-1b',
    })
    await test.clock.advance(1000)
    const { instanceId } = await launching
    expect((await stateOf(test, instanceId))?.Name).toBe('running')
    await expect(test.ec2.instanceReached(instanceId, 'stopped', 10)).rejects.toThrow(
      `${instanceId} was not stopped after 10 ms, but running.`,
    )
    const ending = (async () => {
      await terminate(test, instanceId)
      await test.clock.advance(1000)
    })()
    await expect(test.ec2.instanceReached(instanceId, 'stopped', 5000)).rejects.toThrow(
      `${instanceId} is terminated and will never be stopped`,
    )
    await ending
  })
})
