import { expect, test } from 'vitest'
import { collectScenarios } from '../engine/collect.ts'
import type { FaultName } from '../model/scenario.ts'
import type { Capability } from '../model/target.ts'
import { judgeScenarios } from './runs-where.ts'

const known = await collectScenarios()

/** What a fault can't do without; what only Kubernetes is asked for needs nothing. */
const FAULTS_NEED: Partial<Record<FaultName, Capability>> = {
  'kill-process': 'exec',
  'pause-process': 'exec',
  'stop-instance': 'ec2',
  'power-cut': 'ec2',
  'terminate-instance': 'ec2',
  'reboot-instance': 'ec2',
  'detach-volume': 'ec2',
  'zone-outage': 'ec2',
  'two-zone-outage': 'ec2',
  'zone-partition': 'nacl',
  'capacity-outage': 'capacity',
}

test('every scenario names the capabilities that its faults need', () => {
  const forgotten = known.flatMap(({ id, options }) =>
    (options.faults ?? []).flatMap((fault) => {
      const needed = FAULTS_NEED[fault]
      const named = options.needs?.capabilities ?? []
      return needed === undefined || named.includes(needed) ? [] : [`${id}: ${fault}, ${needed}`]
    }),
  )
  expect(known.length).toBeGreaterThan(20)
  expect(forgotten).toEqual([])
})

test('without a context what the kind of target can do decides', async () => {
  const lacking = async (target: 'lab' | 'kubeconfig' | 'eks') => {
    const judged = await judgeScenarios(known, { target })
    return new Set(judged.flatMap(({ lacks = [] }) => lacks))
  }
  expect(await lacking('kubeconfig')).toContain('the capability ec2 (target kubeconfig lacks it)')
  const onEks = await lacking('eks')
  expect(onEks).toContain('the capability capacity (target eks lacks it)')
  expect([...onEks].filter((text) => /ec2|nacl|exec|zones/.test(text))).toEqual([])
})

test('without a target nothing is said of one, and a context alone is refused', async () => {
  expect(await judgeScenarios(known, {})).toEqual(known)
  await expect(judgeScenarios(known, { context: 'staging' })).rejects.toThrow(
    '--context says which cluster, and --target what kind it is.',
  )
})
