import { expect, test } from 'vitest'
import { refuseStrangers } from './zone-partition.ts'

const refuse = (interfaces: Parameters<typeof refuseStrangers>[3]) =>
  refuseStrangers('subnet-1', 'us-east-1a', [{ InstanceId: 'i-1' }], interfaces)

const ours = { NetworkInterfaceId: 'eni-1', Attachment: { InstanceId: 'i-1' } }

test('a subnet with the interfaces of its nodes alone may be cut off', () => {
  expect(() => refuse([ours, { ...ours, NetworkInterfaceId: 'eni-2' }])).not.toThrow()
})

test.each([
  [
    'the control plane',
    { NetworkInterfaceId: 'eni-9', Description: 'Amazon EKS prod' },
    'EKS prod',
  ],
  ["another's instance", { NetworkInterfaceId: 'eni-9', Attachment: { InstanceId: 'i-7' } }, 'i-7'],
  ['something without a word', { NetworkInterfaceId: 'eni-9' }, 'no description'],
])('one that holds %s is refused, by name', (_, stranger, named) => {
  expect(() => refuse([ours, stranger])).toThrow(
    expect.objectContaining({
      name: 'PreflightError',
      message: expect.stringMatching(new RegExp(`eni-9 .*${named}`)),
    }),
  )
})
