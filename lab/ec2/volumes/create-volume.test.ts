import {
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DeleteVolumeCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from '../testing/start-ec2.ts'
import { ALL_OVER_MS } from '../testing/volume-steps.ts'

describe('CreateVolume', () => {
  const create = (test: Ec2UnderTest, input: Partial<CreateVolumeCommandInput>) =>
    test.client.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', ...input }))

  it('refuses shapes that no volume has, in the words that the driver reads', async () => {
    await using test = await startEc2()
    const messages: (string | undefined)[] = []
    const wishes: Partial<CreateVolumeCommandInput>[] = [
      { VolumeType: 'gp3', Size: 4, Iops: 2_147_483_647, DryRun: true },
      { VolumeType: 'gp2', Size: 4, Iops: 100 },
      { VolumeType: 'io2', Size: 4 },
      { VolumeType: 'io1', Size: 4, Iops: 1000 },
      { VolumeType: 'gp3', Size: 4, Iops: 100 },
      { VolumeType: 'gp2', Size: 4, Throughput: 200 },
      { VolumeType: 'st1', Size: 4 },
      { VolumeType: 'gp2', Size: 20_000 },
      { VolumeType: 'gp3' },
      { Size: 4, MultiAttachEnabled: true },
    ]
    for (const wish of wishes) {
      const { code, message } = await errorOf(create(test, wish))
      messages.push(`${code}: ${message}`)
    }
    expect(messages).toEqual([
      'InvalidParameterValue: Volume iops of 2147483647 is too high; maximum is 80000.',
      'InvalidParameterCombination: The parameter iops is not supported for gp2 volumes.',
      'InvalidParameterCombination: The parameter iops must be specified for io2 volumes.',
      'InvalidParameterValue: Iops to volume size ratio of 250.000000 is too high; maximum is 50.',
      'InvalidParameterValue: Volume iops of 100 is too low; minimum is 3000.',
      'InvalidParameterCombination: throughput can only be specified for volumeType gp3.',
      'InvalidParameterValue: Volume of 4GiB is too small; minimum is 125GiB.',
      'InvalidParameterValue: Volume of 20000GiB is too large for volume type gp2; maximum is 16384GiB.',
      'MissingParameter: The request must contain the parameter Size',
      'InvalidParameterCombination: multiAttach is only supported for io1 and io2 volumes.',
    ])
    expect(test.ec2.snapshot().volumes).toEqual([])
  })

  it('takes one zone, by name or by id', async () => {
    await using test = await startEc2()
    const byId = { AvailabilityZone: undefined, AvailabilityZoneId: 'use1-az3', Size: 1 }
    expect((await create(test, byId)).AvailabilityZone).toBe('us-east-1c')
    expect((await errorOf(create(test, { AvailabilityZone: 'us-east-1z', Size: 1 }))).code).toBe(
      'InvalidZone.NotFound',
    )
    const both = { AvailabilityZoneId: 'use1-az3', Size: 1 }
    expect((await errorOf(create(test, both))).code).toBe('InvalidParameterCombination')
    const none = { AvailabilityZone: undefined, Size: 1 }
    expect((await errorOf(create(test, none))).code).toBe('MissingParameter')
  })

  it('with a token makes one volume, and refuses the token for anything else', async () => {
    await using test = await startEc2()
    const tags = [{ Key: 'a', Value: 'b' }]
    const same = {
      ClientToken: 'token',
      Size: 1,
      TagSpecifications: [{ ResourceType: 'volume' as const, Tags: tags }],
    }
    const { VolumeId: id = '' } = await create(test, same)
    await test.clock.advance(ALL_OVER_MS)
    expect(await create(test, same)).toMatchObject({ VolumeId: id, State: 'available' })
    expect(await errorOf(create(test, { ...same, Size: 2 }))).toMatchObject({
      code: 'IdempotentParameterMismatch',
      message: expect.stringContaining('inconsistent with parameters used in previous request(s)'),
    })
    expect(test.ec2.snapshot().volumes).toHaveLength(1)
    await test.client.send(new DeleteVolumeCommand({ VolumeId: id }))
    await test.clock.advance(ALL_OVER_MS)
    expect((await errorOf(create(test, same))).code).toBe('IdempotentParameterMismatch')
    await test.clock.advance(25 * 3_600_000)
    expect((await create(test, same)).VolumeId).not.toBe(id)
  })
})
