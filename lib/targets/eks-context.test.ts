import { KubeConfig, type V1Node } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { readEksContext } from './eks-context.ts'

const SERVER = 'https://0123ABCD.gr7.us-east-1.eks.amazonaws.com'

function kubeconfig(options: { server?: string; entry?: string; args?: string[]; env?: object[] }) {
  const { server = SERVER, entry = 'c', args, env } = options
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: entry, server }],
    users: [{ name: 'u', ...(args ? { exec: { command: 'aws', args, env } } : {}) }],
    contexts: [{ name: 'staging', cluster: entry, user: 'u' }],
    currentContext: 'staging',
  })
  return config
}

const nodeIn = (zone: string, labels: Record<string, string> = {}): V1Node => ({
  metadata: { name: zone, labels },
  spec: { providerID: `aws:///${zone}/i-0123456789abcdef0` },
})

const tokenOf = ['--region', 'us-east-1', 'eks', 'get-token', '--cluster-name', 'play']

test.for<[string, Parameters<typeof kubeconfig>[0], readonly V1Node[], object]>([
  ['the server', {}, [], { region: 'us-east-1' }],
  [
    'a server in China',
    { server: 'https://A.yl4.cn-north-1.eks.amazonaws.com.cn' },
    [],
    { region: 'cn-north-1' },
  ],
  [
    'a server by IPv6',
    { server: 'https://A.gr7.eks-cluster.eu-west-1.api.aws' },
    [],
    { region: 'eu-west-1' },
  ],
  [
    'aws eks get-token',
    { server: 'https://127.0.0.1:9443', args: [...tokenOf, '--profile', 'ops'] },
    [],
    { region: 'us-east-1', clusterName: 'play', profile: 'ops' },
  ],
  [
    'aws-iam-authenticator and variables',
    {
      server: 'https://127.0.0.1:9443',
      args: ['token', '-i', 'play'],
      env: [
        { name: 'AWS_PROFILE', value: 'ops' },
        { name: 'AWS_REGION', value: 'us-east-1' },
      ],
    },
    [],
    { region: 'us-east-1', clusterName: 'play', profile: 'ops' },
  ],
  [
    'the entry of aws eks update-kubeconfig',
    { entry: 'arn:aws:eks:us-east-1:123456789012:cluster/play' },
    [],
    { region: 'us-east-1', clusterName: 'play', account: '123456789012' },
  ],
  ['eksctl’s entry', { entry: 'play.us-east-1.eksctl.io' }, [], { clusterName: 'play' }],
  [
    'nodes',
    { server: 'https://tunnel:1' },
    [nodeIn('ap-southeast-2c')],
    { region: 'ap-southeast-2' },
  ],
  [
    'nodes in a local zone',
    { server: 'https://tunnel:1' },
    [nodeIn('us-west-2-lax-1a')],
    { region: 'us-west-2' },
  ],
  [
    'labels of nodes',
    { server: 'https://tunnel:1' },
    [
      nodeIn('x', {
        'topology.kubernetes.io/region': 'r-1',
        'alpha.eksctl.io/cluster-name': 'play',
      }),
    ],
    { region: 'r-1', clusterName: 'play' },
  ],
])('%s tell region and cluster', ([, config, nodes, expected]) => {
  expect(readEksContext(kubeconfig(config), nodes)).toMatchObject(expected)
})

test('nodes have the last word', () => {
  expect(() => readEksContext(kubeconfig({}), [nodeIn('eu-west-1a')])).toThrow(
    /nodes of context staging are in eu-west-1, but the server https:.* says us-east-1\./,
  )
  expect(() =>
    readEksContext(kubeconfig({}), [nodeIn('eu-west-1a'), nodeIn('us-east-1a')]),
  ).toThrow('in several regions: eu-west-1, us-east-1')
  expect(() => readEksContext(kubeconfig({ server: 'https://tunnel:1' }), [])).toThrow(
    'say in which AWS region',
  )
})
