import type { V1Node, V1PersistentVolume, V1Pod } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { expectedReasons, judgeExplanation } from './expected-reasons.ts'
import { parseSchedulerMessage } from './scheduler-explanation.ts'

function node(name: string, zone: string, spec: V1Node['spec'] = {}): V1Node {
  return {
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    spec,
    status: { allocatable: { cpu: '2', memory: '4Gi', pods: '17' } },
  }
}

const volume: V1PersistentVolume = {
  metadata: { name: 'pv-0' },
  spec: {
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          {
            matchExpressions: [
              { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['us-east-1b'] },
            ],
          },
        ],
      },
    },
  },
}

function pod(uid: string, cpu: string, nodeName?: string): V1Pod {
  return {
    metadata: { uid },
    spec: {
      containers: [{ name: 'db', resources: { requests: { cpu } } }],
      ...(nodeName === undefined ? {} : { nodeName }),
    },
  }
}

const a = node('a', 'us-east-1a')
const c = node('c', 'us-east-1c')
const cordoned = node('b', 'us-east-1b', {
  unschedulable: true,
  taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
})

function judge(message: string, nodes: V1Node[], pods: V1Pod[] = []) {
  const explanation = parseSchedulerMessage(message)
  if (!explanation) throw new Error('not parsed')
  const view = { pod: pod('new', '500m'), volumes: [volume], nodes, pods }
  return judgeExplanation(explanation, expectedReasons(view))
}

const REAL =
  "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node affinity."

describe('judgeExplanation', () => {
  test('accepts what the scheduler says of a cordoned zone, and its passing variant', () => {
    expect(judge(REAL, [a, cordoned, c])).toEqual({ verdict: 'true', problems: [] })
    const passing = REAL.replace('were unschedulable', 'had untolerated taint(s)')
    expect(judge(passing, [a, cordoned, c]).verdict).toBe('true')
  })

  test('refuses a reason that no node has, or for more nodes than have it', () => {
    const open = node('b', 'us-east-1b')
    const { verdict, problems } = judge(REAL, [a, open, c])
    expect(verdict).toBe('false')
    expect(problems).toContain('Nothing keeps the pod off node b.')
    expect(problems).toContain('"node(s) were unschedulable" is given for 1 nodes, but fits 0.')
  })

  test('refuses when a reason that must be given is missing', () => {
    const other =
      "0/3 nodes are available: 3 node(s) didn't match PersistentVolume's node affinity."
    expect(judge(other, [a, cordoned, c]).verdict).toBe('false')
  })

  test('refuses when the scheduler counts other nodes than there are', () => {
    const { problems } = judge(REAL, [a, cordoned])
    expect(problems).toContain('The scheduler counts 3 nodes, the API 2.')
  })

  test('says unknown for words that it does not know', () => {
    const strange = '0/3 nodes are available: 3 node(s) had the hiccups.'
    expect(judge(strange, [a, cordoned, c]).verdict).toBe('unknown')
  })

  test('expects a full node of another zone to be turned down for want of room', () => {
    const full =
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable."
    expect(judge(full, [a, cordoned, c], [pod('old', '1800m', 'a')]).verdict).toBe('true')
    expect(judge(full, [a, cordoned, c]).verdict).toBe('false')
  })

  test('counts other taints, unless the pod tolerates them', () => {
    const tainted = node('a', 'us-east-1a', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] })
    const view = { pod: pod('new', '1'), volumes: [volume], nodes: [tainted], pods: [] }
    expect(expectedReasons(view)[0]?.admissible).toEqual(['untolerated-taint'])
    Object.assign(view.pod.spec ?? {}, { tolerations: [{ key: 'gpu', operator: 'Exists' }] })
    expect(expectedReasons(view)[0]?.admissible).toEqual(['volume-affinity'])
  })
})
