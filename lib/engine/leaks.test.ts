import { expect, test } from 'vitest'
import { compareProjections } from './leaks.ts'

const node = (state: string) => ({ Node: { n: state } })
const NOT_READY = 'node.kubernetes.io/not-ready:NoExecute'
const OURS = 'example.com/dedicated=db:NoSchedule'

test('a taint of a node that was getting well before the run may pass', () => {
  const before = node(`schedulable in a with taints ${OURS}, ${NOT_READY}`)
  expect(compareProjections(before, node(`schedulable in a with taints ${OURS}`))).toEqual([])
  expect(compareProjections(before, before)).toEqual([])
  expect(
    compareProjections(
      node('schedulable with taints node.kubernetes.io/unreachable:NoSchedule'),
      node('schedulable'),
    ),
  ).toEqual([])
})

test.for([
  ['a taint that came', 'schedulable', `schedulable with taints ${NOT_READY}`],
  ["somebody's taint that went", `schedulable with taints ${OURS}`, 'schedulable'],
  ['an effect that changed', `cordoned with taints ${NOT_READY}`, 'schedulable'],
])('%s is a difference', ([, before = '', after = '']) => {
  expect(compareProjections(node(before), node(after))).toEqual([
    `Node n was ${before} and is ${after}.`,
  ])
})
