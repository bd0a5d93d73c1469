import {
  AttachVolumeCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeNetworkAclsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from './testing/start-ec2.ts'
import { ALL_OVER_MS, created, launched, shown } from './testing/volume-steps.ts'

const eventual = { maxLagMs: 1000 }
const MANY = 60

/** The different results of a call that is made many times while the clock stands still. */
async function results(call: () => Promise<unknown>): Promise<ReadonlySet<unknown>> {
  const found = new Set<unknown>()
  for (let round = 0; round < MANY; round++) found.add(await call())
  return found
}

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
    return 'ok'
  } catch {
    return (await errorOf(call)).code
  }
}

const stateOf = async (test: Ec2UnderTest, id: string): Promise<string | undefined> => {
  const call = shown(test, id)
  return (await codeOf(call)) === 'ok' ? (await call)?.State : await codeOf(call)
}

describe('eventual consistency', () => {
  it('hides what was just made now and then, by id and in lists', async () => {
    await using test = await startEc2({ eventual })
    const made = await test.client.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
    )
    const id = made.VolumeId ?? ''
    await test.clock.advance(100)
    expect(await results(() => stateOf(test, id))).toEqual(
      new Set(['creating', 'InvalidVolume.NotFound']),
    )
    const listed = async () => {
      const { Volumes = [] } = await test.client.send(new DescribeVolumesCommand({}))
      return Volumes.length
    }
    expect(await results(listed)).toEqual(new Set([0, 1]))
    await test.clock.advance(ALL_OVER_MS)
    expect(await results(() => stateOf(test, id))).toEqual(new Set(['available']))
    expect(await results(listed)).toEqual(new Set([1]))
  })

  it('shows a change late, of a state and of tags', async () => {
    await using test = await startEc2({ eventual })
    const id = await created(test)
    const instanceId = await launched(test)
    await test.client.send(
      new AttachVolumeCommand({ VolumeId: id, InstanceId: instanceId, Device: '/dev/xvdaa' }),
    )
    await test.client.send(
      new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'a', Value: 'b' }] }),
    )
    await test.clock.advance(100)
    expect(await results(() => stateOf(test, id))).toEqual(new Set(['in-use', 'available']))
    const tags = async () => (await shown(test, id))?.Tags?.length
    expect(await results(tags)).toEqual(new Set([0, 1]))
    await test.clock.advance(ALL_OVER_MS)
    expect(await results(() => stateOf(test, id))).toEqual(new Set(['in-use']))
    expect(await results(tags)).toEqual(new Set([1]))
  })

  it('refuses to change what is not seen yet, and otherwise changes what there is', async () => {
    await using test = await startEc2({ eventual })
    const { NetworkAcls: [own] = [] } = await test.client.send(new DescribeNetworkAclsCommand({}))
    const { NetworkAcl: acl } = await test.client.send(
      new CreateNetworkAclCommand({ VpcId: own?.VpcId }),
    )
    let ruleNumber = 0
    const addRule = () =>
      codeOf(
        test.client.send(
          new CreateNetworkAclEntryCommand({
            NetworkAclId: acl?.NetworkAclId,
            RuleNumber: (ruleNumber += 1),
            Egress: false,
            Protocol: '-1',
            RuleAction: 'allow',
            CidrBlock: '0.0.0.0/0',
          }),
        ),
      )
    await test.clock.advance(100)
    const found = new Set<string>()
    for (let round = 0; round < 15; round++) found.add(await addRule())
    expect(found).toEqual(new Set(['ok', 'InvalidNetworkAclID.NotFound']))
    await test.clock.advance(ALL_OVER_MS)
    expect(await addRule()).toBe('ok')
  })

  it('is off unless asked for', async () => {
    await using test = await startEc2()
    const made = await test.client.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
    )
    expect(await results(() => stateOf(test, made.VolumeId ?? ''))).toEqual(new Set(['creating']))
  })
})
