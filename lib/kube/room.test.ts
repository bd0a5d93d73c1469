import type { V1Node, V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { ringsThatFit } from './room.ts'

const node = (name: string, allocatable: Record<string, string>, closed = false): V1Node => ({
  metadata: { name },
  spec: { unschedulable: closed },
  status: { allocatable: { cpu: '1930m', memory: '3309Mi', pods: '17', ...allocatable } },
})
const pod = (nodeName: string, requests: Record<string, string>, phase = 'Running'): V1Pod => ({
  spec: { nodeName, containers: [{ name: 'c', resources: { requests } }] },
  status: { phase },
})
const ring = (requests: Record<string, string>, replicas = 3) => ({
  replicas,
  pod: { containers: [{ name: 'c', resources: { requests } }] },
})
const TUTORIAL = ring({ cpu: '500m', memory: '1Gi' })
const zones = ['a', 'b', 'c'].map((name) => [node(name, {})])

test.for([
  ['an empty lab', zones, [], TUTORIAL, 3],
  [
    'one that has a ring',
    zones,
    ['a', 'b', 'c'].map((n) => pod(n, { memory: '1Gi' })),
    TUTORIAL,
    2,
  ],
  ['pods that have ended', zones, [pod('a', { memory: '3Gi' }, 'Succeeded')], TUTORIAL, 3],
  ['the fullest zone counts', zones, [pod('b', { cpu: '1' })], TUTORIAL, 1],
  ['a zone that is closed', [...zones, [node('d', {}, true)]], [], TUTORIAL, 0],
  ['a node more in each zone', zones.map((one) => [...one, ...one]), [], TUTORIAL, 6],
  ['two pods in a zone', zones, [], ring({ memory: '1Gi' }, 4), 1],
  ['pods that request nothing', zones, [], ring({}), 17],
] as const)('%s', ([, nodes, pods, wanted, expected]) => {
  expect(ringsThatFit(nodes, pods, wanted)).toBe(expected)
})
