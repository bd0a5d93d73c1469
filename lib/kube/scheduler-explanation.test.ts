import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkSums, countReasons, parseSchedulerMessage } from './scheduler-explanation.ts'

/** Said by real schedulers of the versions named. */
const RECORDED = {
  before134:
    '0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had volume node affinity conflict.',
  since136:
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  passing136:
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  namedTaint:
    "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) had untolerated taint {team: a, b}, 2 node(s) didn't match PersistentVolume's node affinity. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling..",
  unbound: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
  several:
    '0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) were unschedulable. preemption: not eligible due to preemptionPolicy=Never.',
} as const

function counts(message: string): Record<string, number> {
  const explanation = parseSchedulerMessage(message)
  return explanation ? Object.fromEntries(countReasons(explanation)) : {}
}

describe('parseSchedulerMessage', () => {
  test('takes both wordings of a volume in another zone for the same', () => {
    const expected = { unschedulable: 1, 'volume-affinity': 2 }
    expect(counts(RECORDED.before134)).toEqual(expected)
    expect(counts(RECORDED.since136)).toEqual(expected)
    expect(parseSchedulerMessage(RECORDED.since136)?.nodes).toBe(3)
  })

  test('keeps what is said of preemption out of the clauses', () => {
    const explanation = parseSchedulerMessage(RECORDED.since136)
    expect(explanation?.preemption).toBe(
      'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    )
    expect(explanation?.clauses).toHaveLength(2)
    expect(parseSchedulerMessage(RECORDED.before134)?.preemption).toBeUndefined()
  })

  test('knows a taint that is not named, and splits at no comma inside a taint', () => {
    expect(counts(RECORDED.passing136)).toEqual({ 'untolerated-taint': 1, 'volume-affinity': 2 })
    expect(counts(RECORDED.namedTaint)).toEqual({ 'untolerated-taint': 2, 'volume-affinity': 2 })
  })

  test('takes a failure before any node was looked at for one without counts', () => {
    const explanation = parseSchedulerMessage(RECORDED.unbound)
    expect(explanation?.clauses).toEqual([])
    expect(explanation?.preFilter).toContain('unbound immediate PersistentVolumeClaims')
    expect(explanation && checkSums(explanation)).toEqual([])
  })

  test('takes the words for a cordon’s own taint for a cordon', () => {
    const message =
      '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }.'
    expect(counts(message)).toEqual({ unschedulable: 1 })
  })

  test('calls a wording that it has never seen unknown, and a text of another form nothing', () => {
    expect(counts('0/3 nodes are available: 3 node(s) had the hiccups.')).toEqual({ unknown: 3 })
    expect(parseSchedulerMessage('skip schedule deleting pod')).toBeUndefined()
  })
})

describe('checkSums', () => {
  test('accepts several reasons for one node', () => {
    const explanation = parseSchedulerMessage(RECORDED.several)
    expect(explanation && checkSums(explanation)).toEqual([])
  })

  test('refuses more nodes than there are, and nodes without a reason', () => {
    const tooMany = parseSchedulerMessage('0/3 nodes are available: 4 node(s) were unschedulable.')
    expect(tooMany && checkSums(tooMany)).toEqual([
      '4 nodes for "node(s) were unschedulable", but there are 3.',
    ])
    const tooFew = parseSchedulerMessage('0/3 nodes are available: 2 node(s) were unschedulable.')
    expect(tooFew && checkSums(tooFew)).toEqual(['Reasons for 2 of 3 nodes: the others have none.'])
  })

  test('finds exactly the sums that do not add up', () => {
    const reasons = [
      'node(s) were unschedulable',
      "node(s) didn't match PersistentVolume's node affinity",
      'Insufficient cpu',
      'node(s) had untolerated taint(s)',
    ]
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: reasons.length }),
        (nodes, given) => {
          const clauses = given.map((count, i) => `${count} ${reasons[i]}`).toSorted()
          const explanation = parseSchedulerMessage(
            `0/${nodes} nodes are available: ${clauses.join(', ')}.`,
          )
          const sum = given.reduce((a, b) => a + b, 0)
          const addsUp = given.every((count) => count <= nodes) && sum >= nodes
          expect(explanation && checkSums(explanation).length === 0).toBe(addsUp)
        },
      ),
    )
  })
})
