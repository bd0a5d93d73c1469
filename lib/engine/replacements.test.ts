import { expect, test } from 'vitest'
import { compareProjections } from './leaks.ts'
import { withoutReplacements } from './replacements.ts'

const before = {
  Instance: { 'i-1': 'running in a', 'i-2': 'running in b' },
  Node: { 'node-1': 'schedulable in a', 'node-2': 'schedulable in b' },
  Volume: { 'vol-1': 'in-use, attached to i-1' },
  VolumeAttachment: { 'of pv-1 to node-1': 'present' },
}
const replacement = {
  kind: 'await-replacement',
  group: 'g',
  zone: 'a',
  count: 1,
  instance: { id: 'i-1', node: 'node-1' },
} as const

test('a replacement in the same zone stands for what it replaces, also where others name it', () => {
  const after = {
    Instance: { 'i-2': 'running in b', 'i-3': 'running in a' },
    Node: { 'node-2': 'schedulable in b', 'node-3': 'schedulable in a' },
    Volume: { 'vol-1': 'in-use, attached to i-3' },
    VolumeAttachment: { 'of pv-1 to node-3': 'present' },
  }
  expect(compareProjections(before, withoutReplacements(before, after, [replacement]))).toEqual([])
  expect(compareProjections(before, withoutReplacements(before, after, []))).toHaveLength(7)
})

test('a replacement in another zone, or none, is told', () => {
  const elsewhere = {
    Instance: { 'i-2': 'running in b', 'i-3': 'running in b' },
    Node: { 'node-2': 'schedulable in b', 'node-3': 'schedulable in b' },
    Volume: { 'vol-1': 'available' },
  }
  const told = compareProjections(before, withoutReplacements(before, elsewhere, [replacement]))
  expect(told).toEqual(
    expect.arrayContaining([
      'Instance i-1 is gone, but was there before.',
      'Instance i-3 is left (running in b).',
    ]),
  )
  const none = { ...before, Instance: { 'i-2': 'running in b' } }
  expect(compareProjections(before, withoutReplacements(before, none, [replacement]))).toEqual([
    'Instance i-1 is gone, but was there before.',
  ])
})

test('one that was not replaced after all is left as it is', () => {
  expect(withoutReplacements(before, before, [replacement])).toEqual(before)
})
