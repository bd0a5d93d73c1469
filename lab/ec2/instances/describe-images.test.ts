import { DescribeImagesCommand, type DescribeImagesCommandInput } from '@aws-sdk/client-ec2'
import { expect, it } from 'vitest'
import { errorOf, startEc2 } from '../testing/start-ec2.ts'

it('lists the images that instances can be launched from, by id, name and owner', async () => {
  await using test = await startEc2({
    images: [
      { id: 'ami-0000000000000000a', name: 'node', description: 'one' },
      { id: 'ami-0000000000000000b', name: 'cassandra', description: 'other' },
    ],
  })
  const list = (input: DescribeImagesCommandInput) =>
    test.client.send(new DescribeImagesCommand(input))
  const ids = async (input: DescribeImagesCommandInput) =>
    (await list(input)).Images?.map(({ ImageId }) => ImageId)

  expect(await ids({ Owners: ['self'] })).toHaveLength(2)
  expect(await ids({ Owners: ['amazon'] })).toEqual([])
  expect(await ids({ Filters: [{ Name: 'name', Values: ['cass*'] }] })).toEqual([
    'ami-0000000000000000b',
  ])
  const { Images } = await list({ ImageIds: ['ami-0000000000000000a'] })
  expect(Images).toMatchObject([
    {
      ImageId: 'ami-0000000000000000a',
      Name: 'node',
      State: 'available',
      RootDeviceName: '/dev/xvda',
      OwnerId: '123456789012',
    },
  ])
  expect((await errorOf(list({ ImageIds: ['ami-0000000000000000c'] }))).code).toBe(
    'InvalidAMIID.NotFound',
  )
})
