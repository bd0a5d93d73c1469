import { expect, test } from 'vitest'
import type { PullSecretFact } from './facts.ts'
import { judgePulls } from './judge-pulls.ts'
import { targetLike } from './testing/target-like.ts'

const TYPE = 'kubernetes.io/dockerconfigjson'
const MIRROR = 'mirror.example.com/all'

function judge(secret: PullSecretFact['secret'], mirror?: string): string[] {
  const pulls = { pullSecret: 'pull', ...(mirror === undefined ? {} : { mirror }) }
  const target = targetLike({ pulls })
  const fact = { name: 'pull', namespace: 'zonefall', secret }
  return judgePulls({ target, pullSecret: fact }).map(({ text, todo }) => `${text} → ${todo}`)
}

const logins = (...hosts: readonly string[]) => {
  const auths = Object.fromEntries(hosts.map((host) => [host, { auth: 'eDp5' }]))
  const text = JSON.stringify({ auths })
  return { type: TYPE, data: { '.dockerconfigjson': Buffer.from(text).toString('base64') } }
}

test('nothing is refused without a Secret in the settings, or with one that will do', () => {
  expect(judgePulls({ target: targetLike({}), pullSecret: undefined })).toEqual([])
  expect(judge(logins())).toEqual([])
  for (const entry of [
    'mirror.example.com',
    'https://mirror.example.com/v2/',
    'mirror.example.com/all',
    '*.example.com',
  ]) {
    expect(judge(logins('docker.io', entry), MIRROR)).toEqual([])
  }
})

test.for<[string, PullSecretFact['secret'], RegExp]>([
  [
    'that is not there',
    undefined,
    /is not in namespace zonefall\. → kubectl --context staging -n zonefall create secret docker-registry pull --docker-server=mirror\.example\.com/,
  ],
  ['of another kind', { type: 'Opaque', data: {} }, /is of type Opaque, not .*delete secret pull/],
  ['without a word', { type: TYPE, data: {} }, /holds no list of logins/],
  [
    'that is no JSON',
    { type: TYPE, data: { '.dockerconfigjson': Buffer.from('{').toString('base64') } },
    /holds no list of logins/,
  ],
  [
    'for others',
    logins('docker.io', 'x.mirror.example.com', '*.mirror.example.com', '*'),
    /has no login for the mirror mirror\.example\.com, only for docker\.io, x\.mirror/,
  ],
])('a Secret %s is refused', ([, secret, says]) => {
  expect(judge(secret, MIRROR)).toEqual([expect.stringMatching(says)])
})
