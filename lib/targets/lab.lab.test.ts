import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectEc2 } from '../aws/ec2.ts'
import { Cluster } from '../kube/cluster.ts'
import { CAPABILITIES } from '../model/target.ts'
import { capacityControl } from './lab-capacity.ts'
import { LAB_COMMAND, labTarget } from './lab.ts'
import type { StepEvent } from './target.ts'

const name = 'target-test'
const options = { namespace: 'default', keep: false, name }
const [program, ...prefix] = LAB_COMMAND

function labStatus(): number | null {
  return spawnSync(program, [...prefix, '--name', name, 'status']).status
}

test('the lab is brought up with its steps, used by a second run, and taken down by its owner', async () => {
  const steps: StepEvent[] = []
  const { signal } = new AbortController()
  const lab = labTarget(options)
  const owner = await lab.start({ onStep: (step) => void steps.push(step), signal })
  try {
    const { description } = owner
    expect(owner.owned).toBe(true)
    expect(description).toMatchObject({
      kind: 'lab',
      capabilities: CAPABILITIES,
      zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'].map((zone) => ({
        name: zone,
        nodes: [{ instanceId: expect.stringMatching(/^i-[0-9a-f]{17}$/) }],
      })),
    })
    expect(description.images.length).toBeGreaterThan(0)
    expect(steps.filter(({ state }) => state === 'end').length).toBeGreaterThan(1)
    expect(existsSync(owner.logsDir ?? '')).toBe(true)
    if (!description.aws) throw new Error('the lab has EC2')
    const ec2 = await connectEc2(description.aws)
    const instances = await ec2.listInstances()
    ec2.close()
    expect(instances.map(({ State }) => State?.Name)).toEqual(['running', 'running', 'running'])

    const guest = await lab.start({ onStep: () => undefined, signal })
    expect([guest.owned, guest.clusterUid]).toEqual([false, owner.clusterUid])
    await guest.stop()
    const { kubeconfig, context } = description
    const cluster = await Cluster.connect({ kubeconfig, context })
    expect((await cluster.core.listNode()).items).toHaveLength(3)

    const capacity = capacityControl(description)
    await capacity?.set('us-east-1b', false)
    expect(await capacity?.without()).toEqual(['us-east-1b'])
    await capacity?.set('us-east-1b', true)
    expect(await capacity?.without()).toEqual([])
  } finally {
    await owner.stop()
  }
  expect(labStatus()).not.toBe(0)
})

test('an interrupted start leaves no lab', async () => {
  const abort = new AbortController()
  const onStep = ({ state }: StepEvent): void => {
    if (state === 'end') abort.abort(new Error('interrupted'))
  }
  await expect(labTarget(options).start({ onStep, signal: abort.signal })).rejects.toThrow(
    'interrupted',
  )
  expect(labStatus()).not.toBe(0)
})

test('what the lab refuses is told in its own words', async () => {
  const { signal } = new AbortController()
  const lab = labTarget({ ...options, name: 'NOT A NAME' })
  await expect(lab.start({ onStep: () => undefined, signal })).rejects.toThrow(
    expect.objectContaining({
      name: 'PreflightError',
      message: expect.stringContaining('NOT A NAME'),
    }),
  )
})
