import type { InstanceType } from '../ec2/instances/instance-types.ts'

/** What a node of EKS has for pods. */
export interface NodeShape {
  readonly cpuMillis: number
  /** Kept from pods: by EKS for the kubelet and the system. */
  readonly reservedCpuMillis: number
  readonly allocatableMiB: number
  readonly maxPods: number
}

/** Of a core, by how many there are: the first, the second, the third and fourth, the others. */
const RESERVED_OF_CORE_MILLIS = [60, 10, 5, 5] as const
const RESERVED_OF_OTHERS_MILLIS = 2.5
/** Which the kernel keeps: a t3.medium's nodes show 3309 MiB allocatable. */
const KERNEL_SHARE = 0.06
const EVICTION_MIB = 100

/**
 * What EKS's machine image leaves of an instance (amazon-eks-ami, `nodeadm`, kubelet's defaults):
 * the pods that its network interfaces have addresses for, and what these pods' share of the
 * kubelet leaves of cores and memory.
 */
export function nodeShape(type: InstanceType): NodeShape {
  const maxPods = type.maximumNetworkInterfaces * (type.addressesPerInterface - 1) + 2
  const kubeletMiB = 255 + 11 * maxPods
  const usableMiB = type.memoryMiB * (1 - KERNEL_SHARE)
  const cores = Array.from({ length: type.vCpus }, (_, core) => core)
  return {
    cpuMillis: type.vCpus * 1000,
    reservedCpuMillis: cores.reduce(
      (sum, core) => sum + (RESERVED_OF_CORE_MILLIS[core] ?? RESERVED_OF_OTHERS_MILLIS),
      0,
    ),
    allocatableMiB: Math.ceil(usableMiB - kubeletMiB - EVICTION_MIB),
    maxPods,
  }
}
