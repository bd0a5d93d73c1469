import { createServer } from 'node:http'
import * as eks from '@aws-sdk/client-eks'
import { beforeAll, describe, expect, test } from 'vitest'
import { listenOnLoopback } from '../std/testing/listen.ts'
import { detachVolume } from './attachments.ts'
import { connectAutoScaling, REPLACING_PROCESSES } from './auto-scaling.ts'
import { readEksCluster } from './eks-cluster.ts'
import { startStopped, stopInstances } from './instances.ts'
import { launchLike, terminateLaunched } from './launch.ts'
import { createDenyAllAcl, deleteAcl, interfacesIn, listAcls, replaceAcl } from './network-acls.ts'
import {
  loadRequestCheck,
  refuseWrongRequests,
  type RequestCheck,
} from './testing/check-request.ts'
import { DONE, instances, networkAcl, scriptedEc2 } from './testing/scripted-ec2.ts'

let ec2Check: RequestCheck
let scalingCheck: RequestCheck

beforeAll(async () => {
  ec2Check = await loadRequestCheck('@aws-sdk/client-ec2')
  scalingCheck = await loadRequestCheck('@aws-sdk/client-auto-scaling')
})

describe('a request that is wrong', () => {
  const launch = { ImageId: 'ami-1', MinCount: 1, MaxCount: 1 }

  test.each([
    ['a member', 'StopInstances', { InstanceIds: ['i-1'], Froce: true }, 'has no member Froce'],
    ['what is required', 'StopInstances', { Force: true }, 'InstanceIds is required'],
    ['a type', 'StopInstances', { InstanceIds: 'i-1' }, 'InstanceIds is a list'],
    ['an item’s type', 'StopInstances', { InstanceIds: [1] }, 'InstanceIds[0] is a string'],
    [
      'an enumeration',
      'RunInstances',
      { ...launch, InstanceType: 't3.tiny' },
      'InstanceType is one of',
    ],
    [
      'a member further in',
      'RunInstances',
      { ...launch, TagSpecifications: [{ ResourceType: 'instance', Tag: [] }] },
      'TagSpecifications[0] has no member Tag',
    ],
    ['an operation', 'HaltInstances', {}, 'has no operation HaltInstances'],
  ])('is found: %s', (_what, operation, input, fault) => {
    expect(ec2Check(operation, input)).toEqual([expect.stringContaining(fault)])
  })

  test('is not sent', async () => {
    await using scripted = await scriptedEc2({ RunInstances: [DONE] }, 0)
    refuseWrongRequests(scripted.ec2.client, ec2Check)
    const model = { imageId: 'ami-1', instanceType: 'vax.large', subnetId: 'subnet-1' }
    await expect(launchLike(scripted.ec2, model, 't', {})).rejects.toThrow('not vax.large')
    expect(scripted.calls).toEqual([])
  })
})

test('every request to EC2 is as the model says', async () => {
  const none = { xml: '' }
  const acl = networkAcl('acl-1', { token: 't', subnet: 'subnet-1', association: 'aclassoc-1' })
  await using scripted = await scriptedEc2(
    {
      DescribeInstances: [
        instances({ 'i-1': 'stopped' }),
        instances({ 'i-1': 'stopped' }),
        instances({ 'i-1': 'running' }),
        instances({ 'i-1': 'running' }),
        instances({ 'i-1': 'terminated' }),
      ],
      DescribeVolumes: [none],
      DescribeSnapshots: [none],
      DescribeNetworkAcls: [acl],
      DescribeNetworkInterfaces: [none],
      StartInstances: [none],
      StopInstances: [none],
      TerminateInstances: [none],
      RunInstances: [none],
      DetachVolume: [none],
      DeleteVolume: [DONE],
      CreateNetworkAcl: [{ xml: '<networkAcl><networkAclId>acl-1</networkAclId></networkAcl>' }],
      ReplaceNetworkAclAssociation: [none],
      DeleteNetworkAcl: [DONE],
    },
    0,
  )
  const { ec2 } = scripted
  const sent = new Set<string>()
  refuseWrongRequests(ec2.client, ec2Check, (operation) => void sent.add(operation))
  const tags = { 'zonefall.io/run': 'r' }

  await startStopped(ec2, ['i-1'])
  await terminateLaunched(ec2, 't')
  await stopInstances(ec2, ['i-1'], 'power-cut')
  await stopInstances(ec2, ['i-1'], 'orderly')
  await launchLike(ec2, { imageId: 'ami-1', instanceType: 't3.medium', subnetId: 's' }, 't', tags)
  await detachVolume(ec2, 'vol-1', 'i-1', { force: true })
  await ec2.deleteVolume('vol-1')
  await ec2.listVolumes(['vol-1'])
  await ec2.listSnapshots()
  await createDenyAllAcl(ec2, 'vpc-1', 't', tags)
  await replaceAcl(ec2, 'subnet-1', 'acl-2', () => true)
  await deleteAcl(ec2, 't')
  await listAcls(ec2)
  await interfacesIn(ec2, 'subnet-1')
  const expected = [
    'CreateNetworkAcl',
    'DeleteNetworkAcl',
    'DeleteVolume',
    'DescribeInstances',
    'DescribeNetworkAcls',
    'DescribeNetworkInterfaces',
    'DescribeSnapshots',
    'DescribeVolumes',
    'DetachVolume',
    'ReplaceNetworkAclAssociation',
    'RunInstances',
    'StartInstances',
    'StopInstances',
    'TerminateInstances',
  ]
  expect([...sent].toSorted()).toEqual(expected)
})

test('every request to Auto Scaling is as the model says', async () => {
  const server = createServer((request, response) => {
    request.resume()
    const action = 'DescribeAutoScalingGroups'
    response.end(`<${action}Response><${action}Result/></${action}Response>`)
  })
  const keys = { accessKeyId: 'a', secretAccessKey: 's' }
  const scaling = await connectAutoScaling({
    region: 'us-east-1',
    endpoint: await listenOnLoopback(server),
    ...keys,
  })
  const sent = new Set<string>()
  refuseWrongRequests(scaling.client, scalingCheck, (operation) => void sent.add(operation))
  try {
    await scaling.findGroup('g')
    await scaling.suspend('g', REPLACING_PROCESSES)
    await scaling.resume('g', REPLACING_PROCESSES)
    await scaling.setHealthy('i-1')
  } finally {
    scaling.close()
    server.closeAllConnections()
    server.close()
  }
  expect(sent).toEqual(
    new Set([
      'DescribeAutoScalingGroups',
      'SuspendProcesses',
      'ResumeProcesses',
      'SetInstanceHealth',
    ]),
  )
})

test('every request to EKS is as the model says, page after page', async () => {
  const answers: Readonly<Record<string, object>> = {
    '/clusters/c': { cluster: { name: 'c' } },
    '/clusters/c/node-groups': { nodegroups: ['n'], nextToken: 't' },
    '/clusters/c/node-groups?nextToken=t': { nodegroups: ['m'] },
    '/clusters/c/node-groups/n': { nodegroup: { nodegroupName: 'n' } },
    '/clusters/c/node-groups/m': { nodegroup: { nodegroupName: 'm' } },
    '/clusters/c/fargate-profiles': { fargateProfileNames: ['f'] },
    '/clusters/c/fargate-profiles/f': { fargateProfile: { fargateProfileName: 'f' } },
  }
  const server = createServer(({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[url] ?? { message: url }))
  })
  const client = new eks.EKSClient({
    region: 'us-east-1',
    endpoint: await listenOnLoopback(server),
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  })
  const sent: string[] = []
  const check = await loadRequestCheck('@aws-sdk/client-eks')
  refuseWrongRequests(client, check, (operation) => void sent.push(operation))
  try {
    expect(await readEksCluster({ client, sdk: eks }, 'c')).toEqual({
      cluster: { name: 'c' },
      nodeGroups: [{ nodegroupName: 'n' }, { nodegroupName: 'm' }],
      fargateProfiles: [{ fargateProfileName: 'f' }],
    })
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
  expect([...new Set(sent)].toSorted()).toEqual([
    'DescribeCluster',
    'DescribeFargateProfile',
    'DescribeNodegroup',
    'ListFargateProfiles',
    'ListNodegroups',
  ])
})
