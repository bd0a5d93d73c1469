import { expect, test } from 'vitest'
import { bindingsOf, pendingHistory, type PodSighting } from './scheduling.ts'

function sighting(atMs: number, uid: string, extra: Partial<PodSighting> = {}): PodSighting {
  return { atMs, uid, ready: false, deleting: false, gone: false, ...extra }
}

const waiting = [
  sighting(0, 'old', { node: 'b', ready: true }),
  sighting(10, 'old', { node: 'b', deleting: true }),
  sighting(20, 'old', { node: 'b', deleting: true, gone: true }),
  sighting(30, 'new'),
  sighting(40, 'new', { unschedulable: '0/3 nodes are available' }),
]

test('the old pod’s node is no binding of its replacement', () => {
  expect(bindingsOf(waiting, 'old')).toEqual([])
  expect(pendingHistory(waiting, 'old')).toEqual({
    beganAtMs: 30,
    explanations: ['0/3 nodes are available'],
    bindings: [],
  })
})

test('a binding that passes is seen, and told once', () => {
  const passing = [
    ...waiting,
    sighting(50, 'new', { node: 'b' }),
    sighting(60, 'new', { node: 'b', gone: true }),
    sighting(70, 'newer'),
  ]
  expect(bindingsOf(passing, 'old')).toEqual([{ uid: 'new', node: 'b', atMs: 50 }])
})

test('without a replacement nothing has begun', () => {
  expect(pendingHistory(waiting.slice(0, 3), 'old').beganAtMs).toBeUndefined()
})
