import {
  DescribeClusterCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  EKSClient,
  EKSServiceException,
  ListFargateProfilesCommand,
  ListNodegroupsCommand,
} from '@aws-sdk/client-eks'
import { describe, expect, it } from 'vitest'
import { startScaling } from '../auto-scaling/testing/start-scaling.ts'
import type { Ec2Options } from '../ec2/create-ec2.ts'
import { createAuthorize } from '../iam/authorize.ts'
import { parsePolicy } from '../iam/policy.ts'
import { createEks } from './eks-service.ts'
import { checkJsonAnswer } from './testing/check-json-answer.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
const TAGS = { 'eks:cluster-name': 'mine', 'eks:nodegroup-name': 'nodes' }
const ARN = 'arn:aws:eks:us-east-1:123456789012'

/** EKS beside an EC2 with a group of three; what it answers is checked against AWS's model. */
async function start(ec2Options: Partial<Ec2Options> = {}) {
  const scaled = await startScaling({ tags: TAGS }, ec2Options)
  const { test, scaling } = scaled
  scaling.createGroup({
    namePrefix: 'other-',
    zones: [],
    launch: { imageId: 'ami-1', instanceType: 't3.medium' },
    tags: { team: 'blue' },
    min: 0,
    max: 0,
    desired: 0,
  })
  test.ec2.addService(
    createEks({
      region: 'us-east-1',
      accountId: '123456789012',
      groups: () => scaling.snapshot(),
      cluster: {
        name: 'mine',
        version: '1.36',
        endpoint: 'https://127.0.0.1:6443',
        caCertificate: PEM,
        createdMs: 1_700_000_000_000,
        vpcId: 'vpc-1',
        subnetIds: ['subnet-0'],
        serviceCidr: '10.100.0.0/16',
      },
    }),
  )
  const clientWith = (accessKeyId: string, secretAccessKey = 'secret') =>
    new EKSClient({
      region: 'us-east-1',
      endpoint: test.url,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    })
  return {
    test,
    scaled,
    client: clientWith('AKIDTEST'),
    clientWith,
    [Symbol.asyncDispose]: () => scaled[Symbol.asyncDispose](),
  }
}

async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof EKSServiceException)) throw error
    return `${error.name} (${error.$metadata.httpStatusCode}): ${error.message}`
  }
  throw new Error('The call should have failed, and did not.')
}

describe('EKS', () => {
  it('tells what the cluster is, at the address of EC2', async () => {
    await using started = await start()
    const { cluster } = await started.client.send(new DescribeClusterCommand({ name: 'mine' }))
    expect(cluster).toMatchObject({
      arn: `${ARN}:cluster/mine`,
      status: 'ACTIVE',
      version: '1.36',
      createdAt: new Date(1_700_000_000_000),
      resourcesVpcConfig: { vpcId: 'vpc-1' },
    })
    expect(Buffer.from(cluster?.certificateAuthority?.data ?? '', 'base64').toString()).toBe(PEM)
    expect(started.test.log.at(-1)).toContain('eks:GET /clusters/mine -> 200 ok')
  })

  it('has a node group for each Auto Scaling group that is its own, as that is now', async () => {
    await using started = await start()
    const { client, scaled } = started
    const { nodegroups } = await client.send(new ListNodegroupsCommand({ clusterName: 'mine' }))
    expect(nodegroups).toEqual(['nodes'])
    const { nodegroup } = await client.send(
      new DescribeNodegroupCommand({ clusterName: 'mine', nodegroupName: 'nodes' }),
    )
    const uuid = scaled.groupName.replace('eks-nodes-', '')
    expect(nodegroup).toMatchObject({
      nodegroupArn: `${ARN}:nodegroup/mine/nodes/${uuid}`,
      scalingConfig: { minSize: 1, maxSize: 6, desiredSize: 3 },
      instanceTypes: ['t3.medium'],
      resources: { autoScalingGroups: [{ name: scaled.groupName }] },
      nodeRepairConfig: { enabled: false },
    })
    const fargate = await client.send(new ListFargateProfilesCommand({ clusterName: 'mine' }))
    expect(fargate.fargateProfileNames).toEqual([])
  })

  it('refuses what is not there, and wrong requests, in its own words', async () => {
    await using started = await start()
    const { client } = started
    const other = { clusterName: 'other' }
    expect(await refusalOf(client.send(new DescribeClusterCommand({ name: 'other' })))).toBe(
      'ResourceNotFoundException (404): No cluster found for name: other.',
    )
    expect(await refusalOf(client.send(new ListNodegroupsCommand(other)))).toMatch(/^ResourceNot/)
    const group = { clusterName: 'mine', nodegroupName: 'x' }
    expect(await refusalOf(client.send(new DescribeNodegroupCommand(group)))).toBe(
      'ResourceNotFoundException (404): No node group found for name: x.',
    )
    const profile = { clusterName: 'mine', fargateProfileName: 'x' }
    expect(await refusalOf(client.send(new DescribeFargateProfileCommand(profile)))).toMatch(
      /^ResourceNotFoundException/,
    )
    const many = { clusterName: 'mine', maxResults: 101 }
    expect(await refusalOf(client.send(new ListNodegroupsCommand(many)))).toMatch(
      /^InvalidParameterException \(400\): maxResults/,
    )
    const further = { clusterName: 'mine', nextToken: 'x' }
    expect(await refusalOf(client.send(new ListFargateProfilesCommand(further)))).toMatch(
      /^InvalidParameterException \(400\): The nextToken/,
    )
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIDTEST/20260102/us-east-1/eks/aws4_request, SignedHeaders=host, Signature=0'
    const deletion = { method: 'DELETE', headers: { authorization } }
    const response = await fetch(`${started.test.url}/clusters/mine`, deletion)
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([
      404,
      'UnknownOperationException',
    ])
  })

  it('asks who signed', async () => {
    const credentials = [{ accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' }]
    await using started = await start({ credentials })
    const ask = new DescribeClusterCommand({ name: 'mine' })
    expect((await started.client.send(ask)).cluster?.name).toBe('mine')
    // A name that isn't as it stands in a path is signed as it is sent.
    const odd = started.client.send(new DescribeClusterCommand({ name: 'a b' }))
    expect(await refusalOf(odd)).toMatch(/No cluster found for name: a b/)
    expect(await refusalOf(started.clientWith('AKIDBAD').send(ask))).toMatch(
      /^UnrecognizedClientException \(403\)/,
    )
  })

  it('does what the policy allows, by the resource', async () => {
    const Statement = [
      { Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: `${ARN}:cluster/mine` },
      { Effect: 'Allow', Action: 'eks:DescribeNodegroup', Resource: `${ARN}:nodegroup/mine/*/*` },
    ]
    const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }))
    await using started = await start({
      authorize: createAuthorize(new Map([['AKIDTEST', [policy]]])),
    })
    const { client } = started
    await client.send(new DescribeClusterCommand({ name: 'mine' }))
    const nodes = { clusterName: 'mine', nodegroupName: 'nodes' }
    await client.send(new DescribeNodegroupCommand(nodes))
    const denied = (action: string, resource: string) =>
      `AccessDeniedException (403): User: arn:aws:iam::123456789012:user/AKIDTEST is not authorized to perform: ${action} on resource: ${ARN}:${resource} because no identity-based policy allows the ${action} action`
    // Whoever may not see it doesn't learn whether it is there.
    expect(await refusalOf(client.send(new DescribeClusterCommand({ name: 'other' })))).toBe(
      denied('eks:DescribeCluster', 'cluster/other'),
    )
    const mine = { clusterName: 'mine' }
    expect(await refusalOf(client.send(new ListNodegroupsCommand(mine)))).toBe(
      denied('eks:ListNodegroups', 'cluster/mine'),
    )
    expect(await refusalOf(client.send(new ListFargateProfilesCommand(mine)))).toBe(
      denied('eks:ListFargateProfiles', 'cluster/mine'),
    )
  })
})

it('an answer that is not as the model says is found', async () => {
  const said = (url: string, content: object, errorType?: string) =>
    checkJsonAnswer({ method: 'GET', url, errorType, body: JSON.stringify(content) })
  const cluster = (content: object) => said('/clusters/x', { cluster: content })
  expect(await cluster({ name: 'x' })).toEqual([])
  expect(await cluster({ status: 'FINE' })).toEqual([expect.stringContaining('not FINE')])
  expect(await cluster({ nmae: 'x' })).toEqual(['DescribeCluster.cluster has no member nmae'])
  expect(await cluster({ createdAt: '2026-01-01' })).toEqual([
    'DescribeCluster.cluster.createdAt should be a number',
  ])
  expect(await said('/clusters/x/nodes', {})).toEqual(['eks has no GET /clusters/x/nodes'])
  expect(await said('/clusters/x', { message: 'm' }, 'Oops')).toEqual([
    'eks documents no error Oops',
  ])
})
