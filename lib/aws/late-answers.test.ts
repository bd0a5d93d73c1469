import { expect, test } from 'vitest'
import { startStopped } from './instances.ts'
import { terminateLaunched } from './launch.ts'
import { deleteAcl, replaceAcl, restoreAcl } from './network-acls.ts'
import {
  DONE,
  instances,
  networkAcl,
  NO_ACLS,
  type Script,
  scriptedEc2,
} from './testing/scripted-ec2.ts'

/** Longer than a few looks, so that what ends within it ended for what was seen. */
const LONG_MS = 60_000
const SHORT_MS = 300

async function callsOf<T>(
  script: Script,
  behindMs: number,
  work: (ec2: Awaited<ReturnType<typeof scriptedEc2>>['ec2']) => Promise<T>,
): Promise<{ value: T; calls: readonly string[] }> {
  await using test = await scriptedEc2(script, behindMs)
  const value = await work(test.ec2)
  return { value, calls: test.calls }
}

test.concurrent('an instance is asked to start though it is said to run', async () => {
  const refused = { error: 'IncorrectInstanceState' }
  const script = {
    DescribeInstances: [instances({ 'i-1': 'running' })],
    StartInstances: [refused, refused, DONE],
  }
  const { value, calls } = await callsOf(script, LONG_MS, (ec2) => startStopped(ec2, ['i-1']))
  expect(value).toEqual(['i-1'])
  expect(calls.filter((call) => call === 'StartInstances i-1')).toHaveLength(3)
})

test.concurrent('one that is not found at first is started, one that never is counts as gone', async () => {
  const absent = { error: 'InvalidInstanceID.NotFound' }
  const late = await callsOf({ StartInstances: [absent, DONE] }, LONG_MS, (ec2) =>
    startStopped(ec2, ['i-1']),
  )
  expect(late.value).toEqual(['i-1'])
  const never = await callsOf({ StartInstances: [absent] }, SHORT_MS, (ec2) =>
    startStopped(ec2, ['i-1']),
  )
  expect(never.value).toEqual([])
  expect(never.calls.length).toBeGreaterThan(1)
})

test.concurrent('one that was ever seen ending is gone', async () => {
  const script = {
    DescribeInstances: [instances({ 'i-1': 'shutting-down' })],
    StartInstances: [{ error: 'IncorrectInstanceState' }],
  }
  const { value, calls } = await callsOf(script, LONG_MS, (ec2) => startStopped(ec2, ['i-1']))
  expect(value).toEqual([])
  expect(calls).toEqual(['StartInstances i-1', 'DescribeInstances'])
})

test.concurrent('a refusal that has nothing to do with its state is told', async () => {
  const script = { StartInstances: [{ error: 'UnauthorizedOperation' }] }
  await expect(callsOf(script, LONG_MS, (ec2) => startStopped(ec2, ['i-1']))).rejects.toThrow(
    'UnauthorizedOperation',
  )
})

test.concurrent('a launch that shows late is ended, and is seen to end', async () => {
  const script = {
    DescribeInstances: [
      instances({}),
      instances({ 'i-1': 'pending' }),
      instances({}),
      instances({ 'i-1': 'terminated' }),
    ],
    TerminateInstances: [{ error: 'InvalidInstanceID.NotFound' }, DONE],
  }
  const { calls } = await callsOf(script, LONG_MS, (ec2) => terminateLaunched(ec2, 't'))
  expect(calls).toEqual([
    'DescribeInstances',
    'DescribeInstances',
    'TerminateInstances i-1',
    'TerminateInstances i-1',
    'DescribeInstances',
    'DescribeInstances',
  ])
})

test.concurrent('that nothing was launched is believed when answers can be behind no more', async () => {
  const script = { DescribeInstances: [instances({})] }
  const { calls } = await callsOf(script, SHORT_MS, (ec2) => terminateLaunched(ec2, 't'))
  expect(calls.length).toBeGreaterThan(1)
})

test.concurrent('a subnet gets its ACL back though the other one shows late, by its association of now', async () => {
  const ours = (association: string) =>
    networkAcl('acl-cut', { token: 't', subnet: 'subnet-1', association })
  const script = {
    DescribeNetworkAcls: [
      networkAcl('acl-old', { subnet: 'subnet-1', association: 'a-0' }),
      ours('a-1'),
      ours('a-2'),
    ],
    ReplaceNetworkAclAssociation: [{ error: 'InvalidAssociationID.NotFound' }, DONE],
  }
  const { calls } = await callsOf(script, LONG_MS, (ec2) =>
    restoreAcl(ec2, 'subnet-1', 'acl-old', 't'),
  )
  expect(calls.filter((call) => call.startsWith('Replace'))).toEqual([
    'ReplaceNetworkAclAssociation a-1 acl-old',
    'ReplaceNetworkAclAssociation a-2 acl-old',
  ])
})

test.concurrent("a subnet's other ACL is somebody's, and is named", async () => {
  const others = networkAcl('acl-other', { subnet: 'subnet-1', association: 'a-1' })
  const { value, calls } = await callsOf({ DescribeNetworkAcls: [others] }, SHORT_MS, (ec2) =>
    replaceAcl(ec2, 'subnet-1', 'acl-new', ({ aclId }) => aclId === 'acl-old'),
  )
  expect(value).toBe('acl-other')
  expect(new Set(calls)).toEqual(new Set(['DescribeNetworkAcls']))
})

test.concurrent('an ACL that shows late is deleted, as soon as it is found', async () => {
  const script = {
    DescribeNetworkAcls: [NO_ACLS, networkAcl('acl-cut', { token: 't' })],
    DeleteNetworkAcl: [{ error: 'InvalidNetworkAclID.NotFound' }, DONE],
  }
  const { calls } = await callsOf(script, LONG_MS, (ec2) => deleteAcl(ec2, 't'))
  expect(calls.filter((call) => call === 'DeleteNetworkAcl acl-cut')).toHaveLength(2)
})

test.concurrent('an ACL that a subnet keeps is not said to be deleted', async () => {
  const script = {
    DescribeNetworkAcls: [networkAcl('acl-cut', { token: 't' })],
    DeleteNetworkAcl: [{ error: 'DependencyViolation' }],
  }
  await expect(callsOf(script, SHORT_MS, (ec2) => deleteAcl(ec2, 't'))).rejects.toThrow(
    'DependencyViolation',
  )
})
