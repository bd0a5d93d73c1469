import type { V1NetworkPolicy, V1Node } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { isFixed } from '../../aws/identity.ts'
import { nodesHit } from '../../model/fault-reach.ts'
import { DEFAULT_RULES } from '../../model/safety-rules.ts'
import type { TargetDescription, Zone } from '../../model/target.ts'
import { consentManifest, isRefusal, readConsent } from './consent.ts'
import { judgeAccount, judgeAwsError } from './judge-account.ts'
import { denyingPolicy } from './judge-namespace.ts'
import { judgeProduction } from './judge-production.ts'
import { judgeScope } from './judge-scope.ts'
import { scopedZones } from './scope.ts'

const request = {
  rules: DEFAULT_RULES,
  faults: ['zone-outage'],
  plannedMs: 60_000,
  eksName: 'staging',
} as const

const target: TargetDescription = {
  kind: 'eks',
  kubeconfig: '/k',
  context: 'staging',
  namespace: 'x',
  zones: [],
  capabilities: [],
  images: [],
  differences: [],
  kubernetesVersion: 'v1',
}

function nodeOf(name: string, labels: Record<string, string>, taints: object[] = []): V1Node {
  const all = taints.map((taint) => ({ key: 'k', effect: 'NoSchedule', ...taint }))
  return {
    metadata: { name, labels },
    spec: { providerID: `aws:///us-east-1a/i-${name.length}`, taints: all },
  }
}

const managed = (group: string) => ({ 'eks.amazonaws.com/nodegroup': group })

describe('scope', () => {
  const nodes = [
    nodeOf('a', managed('chaos')),
    nodeOf('bb', managed('web')),
    nodeOf('ccc', {}),
    nodeOf('dddd', { 'eks.amazonaws.com/compute-type': 'fargate' }, [{}]),
    nodeOf('eeeee', { ...managed('chaos'), 'eks.amazonaws.com/compute-type': 'auto' }, [{}]),
  ]
  const names = nodes.flatMap(({ metadata }) => metadata?.name ?? [])
  const all: Zone[] = [{ name: 'us-east-1a', nodes: names.map((name) => ({ name })) }]
  const zones = (groups: string[]) =>
    scopedZones({ kind: 'eks', zones: all }, nodes, groups, [
      { id: 'i-3', ownerId: '1', tags: { 'aws:autoscaling:groupName': 'asg' } },
    ]).flatMap((zone) => zone.nodes.map(({ name }) => name))

  test('holds nodes by node group or Auto Scaling group, and none that EKS runs', () => {
    expect(zones(['chaos'])).toEqual(['a'])
    expect(zones(['asg', 'web'])).toEqual(['bb', 'ccc'])
    expect(zones(['*'])).toEqual(['a', 'bb', 'ccc'])
    expect(zones(['none'])).toEqual([])
  })

  test('is refused while others’ nodes would take the pods of a lost zone', () => {
    const inScope: Zone[] = [{ name: 'us-east-1a', nodes: [{ name: 'a' }] }]
    const judge = (faults: readonly ['zone-outage'] | readonly ['delete-pod']) =>
      judgeScope({ ...request, faults }, { nodes, target }, inScope, ['chaos'])
    expect(judge(['delete-pod'])).toEqual([])
    expect(judge(['zone-outage'])).toMatchObject([
      {
        text: expect.stringMatching(/: bb \(web\), ccc \(in no group\)\.$/),
        todo: expect.stringContaining('taint node bb zonefall.io/not-in-scope=true:NoSchedule'),
      },
    ])
  })

  test('a fault hits no more nodes than were allowed', () => {
    expect(nodesHit(['delete-pod'], [3, 2])).toBe(0)
    expect(nodesHit(['terminate-instance'], [3, 2])).toBe(1)
    expect(nodesHit(['zone-outage', 'delete-pod'], [2, 3])).toBe(3)
    expect(nodesHit(['two-zone-outage'], [2, 3, 1])).toBe(5)
    expect(nodesHit([], [2])).toBe(0)
  })
})

describe('consent', () => {
  const uid = '608b3856-b81f-4fd3-87e2-3021c54dd117'
  const data = { clusterUid: `${uid}\n`, nodeGroups: 'a, b\nc\n', faults: '*' }

  test('is read however its lists are written', () => {
    expect(readConsent({ data }, uid, 'x')).toMatchObject({ nodeGroups: ['a', 'b', 'c'] })
    const text = consentManifest({ clusterUid: uid, nodeGroups: ['a'], faults: ['delete-pod'] })
    expect(text).toMatch(/nodeGroups: \|\n {4}a\n[^]*faults: \|\n {4}delete-pod\n$/)
  })

  test.for<[string, Record<string, string>, RegExp]>([
    ['of another cluster', { clusterUid: 'other' }, /for another cluster: it names other/],
    ['of no cluster', { clusterUid: '' }, /it names none/],
    ['with an unknown fault', { faults: 'cordon-zone flood' }, /fault that there isn't: flood/],
    ['of no node group', { nodeGroups: ' ' }, /names no node group/],
  ])('%s is none', ([, change, text]) => {
    const answer = readConsent({ data: { ...data, ...change } }, uid, 'x')
    expect(isRefusal(answer) && answer.text).toMatch(text)
  })
})

describe('credentials', () => {
  const account = (minutesLeft: number | undefined, isFixedSession: boolean) => ({
    region: 'us-east-1',
    identity: {
      account: '1',
      arn: 'arn',
      isFixedSession,
      ...(minutesLeft === undefined ? {} : { expiresAt: new Date(minutesLeft * 60_000) }),
    },
    instances: [],
    volumes: [],
  })
  const judge = (...args: Parameters<typeof account>) =>
    judgeAccount({ ...request, plannedMs: 30 * 60_000 }, { target }, account(...args), 0)

  test('that expire during the run and that nothing renews are refused', () => {
    expect(judge(29, true)).toMatchObject([{ check: 'credentials' }])
    expect(judge(31, true)).toEqual([])
    expect(judge(1, false)).toEqual([])
    expect(judge(undefined, true)).toEqual([])
  })

  test('have to be of the account of a legacy ring, which is none of the nodes', () => {
    const node = { id: 'i-node', ownerId: '1', tags: {} }
    const facts = { ...account(undefined, false), instances: [node, { ...node, id: 'i-old' }] }
    const judged = (...instances: string[]) => {
      const legacy = { instances, onInstance: 'ssh', restart: 'x', data: '/d' }
      const zones = [{ name: 'a', nodes: [{ name: 'n', instanceId: 'i-node' }] }]
      const named = { target: { ...target, zones, legacy } }
      return judgeAccount(
        request,
        named,
        { ...facts, identity: { ...facts.identity, account: '1' } },
        0,
      )
    }
    expect(judged('i-old')).toEqual([])
    expect(judged('i-old', 'i-node', 'i-none')).toEqual([
      expect.objectContaining({
        check: 'legacy ring',
        text: expect.stringContaining('i-node, i-none are no instance of account 1'),
      }),
    ])
  })

  test('and a ring that is tagged as production is not touched', () => {
    const legacy = { instances: ['i-old'], onInstance: 'ssh', restart: 'x', data: '/d' }
    const facts = {
      target: { ...target, legacy },
      nodes: [],
      namespaces: [],
      pods: [],
      volumes: [],
    }
    const judged = (id: string) => {
      const instances = [{ id, ownerId: '1', tags: { Environment: 'production' } }]
      return judgeProduction(request, facts, [], { ...account(undefined, false), instances })
    }
    expect(judged('i-old')).toMatchObject([
      { text: 'The instance i-old is production: Environment=production.' },
    ])
    expect(judged('i-other')).toEqual([])
  })

  test('are renewed by whoever fetches them', () => {
    expect(isFixed(['CREDENTIALS_ENV_VARS'])).toBe(true)
    expect(isFixed(['CREDENTIALS_PROFILE_SSO', 'CREDENTIALS_SSO'])).toBe(false)
    expect(
      isFixed([
        'CREDENTIALS_PROFILE_SOURCE_PROFILE',
        'CREDENTIALS_PROFILE',
        'CREDENTIALS_STS_ASSUME_ROLE',
      ]),
    ).toBe(false)
    expect(
      isFixed(['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', 'CREDENTIALS_STS_ASSUME_ROLE_WEB_ID']),
    ).toBe(false)
  })

  test.for<[string, string, string | undefined]>([
    ['ExpiredTokenException', 'x', 'have expired'],
    ['CredentialsProviderError', 'The SSO session has expired.', 'have expired'],
    ['CredentialsProviderError', 'Could not load credentials', 'no AWS credentials'],
    ['UnrecognizedClientException', 'x', 'does not accept'],
    ['AccessDeniedException', 'not authorized', 'may not do'],
    ['TimeoutError', 'x', undefined],
  ])('%s: %s', ([name, message, text]) => {
    const said = judgeAwsError(Object.assign(new Error(message), { name }), 'ops')
    expect(said?.text.includes(text ?? 'nothing')).toBe(text === undefined ? undefined : true)
  })
})

describe('network policies', () => {
  const everyPod = { podSelector: {} }
  const policy = (name: string, spec: Partial<V1NetworkPolicy['spec']> = {}): V1NetworkPolicy => ({
    metadata: { name },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec },
  })

  test.for<[string, V1NetworkPolicy[], string | undefined]>([
    ['none', [], undefined],
    ['one that denies everything', [policy('deny')], 'deny'],
    [
      'one for some pods',
      [policy('deny', { podSelector: { matchLabels: { a: 'b' } } })],
      undefined,
    ],
    [
      'one more that allows the namespace',
      [policy('deny'), policy('own', { ingress: [{ _from: [everyPod] }] })],
      undefined,
    ],
    [
      'one more that allows everybody',
      [policy('deny'), policy('all', { ingress: [{}] })],
      undefined,
    ],
    [
      'one more that allows a port',
      [policy('deny'), policy('web', { ingress: [{ ports: [{ port: 80 }] }] })],
      'deny',
    ],
    ['one for what goes out', [policy('deny', { policyTypes: ['Egress'] })], undefined],
  ])('%s', ([, policies, expected]) => {
    expect(denyingPolicy(policies, 'Ingress')).toBe(expected)
  })

  test('what goes out has to be allowed altogether, for DNS is elsewhere', () => {
    const deny = policy('deny', { policyTypes: ['Egress'] })
    const own = policy('own', { policyTypes: ['Egress'], egress: [{ to: [everyPod] }] })
    const all = policy('all', { policyTypes: ['Egress'], egress: [{}] })
    expect(denyingPolicy([deny, own], 'Egress')).toBe('deny')
    expect(denyingPolicy([deny, all], 'Egress')).toBeUndefined()
  })
})
