import type { FargateProfileSelector } from '@aws-sdk/client-eks'
import { expect, test } from 'vitest'
import { DEFAULT_RULES } from '../../model/safety-rules.ts'
import { judgeFargate } from './judge-fargate.ts'
import { targetLike } from './testing/target-like.ts'

const request = { rules: DEFAULT_RULES, faults: [], plannedMs: 0, eksName: 'staging' }

function judge(namespace: string, ...selectors: readonly FargateProfileSelector[]): string[] {
  const target = targetLike({ namespace })
  const podLabels = [{ app: 'other' }, { app: 'cassandra', tier: 'data' }]
  const profile = { fargateProfileName: 'fp', selectors: [...selectors] }
  const eks = { cluster: {}, nodeGroups: [], fargateProfiles: [profile] }
  const account = { eks, region: 'us-east-1' }
  return judgeFargate(request, { target, podLabels }, account).map(({ text }) => text)
}

test.for<[string, string, FargateProfileSelector, boolean]>([
  ['another namespace', '<run>', { namespace: 'kube-system' }, false],
  ['every namespace', '<run>', { namespace: '*' }, true],
  ['namespaces like the run’s own', '<run>', { namespace: 'zonefall-*' }, true],
  ['a name that is only like it', '<run>', { namespace: 'zonefall' }, false],
  ['the namespace', 'ours', { namespace: 'our?' }, true],
  ['a dot that is no pattern', 'ours', { namespace: 'o.rs' }, false],
  ['the database’s pods', 'ours', { namespace: 'ours', labels: { app: 'cass*' } }, true],
  [
    'the pods by all labels',
    'ours',
    { namespace: 'ours', labels: { app: 'cassandra', tier: 'data' } },
    true,
  ],
  [
    'no pod by all labels',
    'ours',
    { namespace: 'ours', labels: { app: 'other', tier: 'data' } },
    false,
  ],
  ['other pods', 'ours', { namespace: 'ours', labels: { app: 'web' } }, false],
])('a profile for %s', ([, namespace, selector, isRefused]) => {
  const found = judge(namespace, { namespace: 'elsewhere' }, selector)
  const text = expect.stringContaining('The Fargate profile fp would take pods of')
  expect(found).toEqual(isRefused ? [text] : [])
})
