import { expect, it } from 'vitest'
import { instanceType } from '../ec2/instances/instance-types.ts'
import { nodeShape } from './node-shape.ts'

/** Pods: eni-max-pods.txt of amazon-eks-ami; a t3.medium's memory as its nodes show it. */
it.each([
  ['t3.medium', { cpuMillis: 2000, reservedCpuMillis: 70, allocatableMiB: 3309, maxPods: 17 }],
  ['t2.medium', { maxPods: 17, allocatableMiB: 3309 }],
  ['t3.large', { maxPods: 35 }],
  ['m5.large', { maxPods: 29 }],
  ['m5.xlarge', { cpuMillis: 4000, reservedCpuMillis: 80, maxPods: 58 }],
  ['m4.large', { maxPods: 20 }],
])('%s leaves what EKS leaves of it', (name, shape) => {
  expect(nodeShape(instanceType(name))).toMatchObject(shape)
})
