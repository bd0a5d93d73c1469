/** What EC2 tells about an instance type, as far as the drivers and controllers of EKS ask. */
export interface InstanceType {
  readonly name: string
  readonly hypervisor: 'nitro' | 'xen'
  readonly currentGeneration: boolean
  readonly burstable: boolean
  readonly vCpus: number
  readonly memoryMiB: number
  readonly networkPerformance: string
  readonly maximumNetworkInterfaces: number
  readonly addressesPerInterface: number
  /** Volumes that fit, the root volume included. On Nitro they share 28 places with interfaces. */
  readonly maximumVolumes: number
}

const NITRO = { hypervisor: 'nitro', currentGeneration: true, maximumVolumes: 27 } as const
const XEN = { hypervisor: 'xen', currentGeneration: false, maximumVolumes: 40 } as const
const TWO_CORES = { vCpus: 2, maximumNetworkInterfaces: 3 }

const ALL: readonly InstanceType[] = [
  {
    ...NITRO,
    ...TWO_CORES,
    name: 't3.medium',
    burstable: true,
    memoryMiB: 4096,
    networkPerformance: 'Up to 5 Gigabit',
    addressesPerInterface: 6,
  },
  {
    ...NITRO,
    ...TWO_CORES,
    name: 't3.large',
    burstable: true,
    memoryMiB: 8192,
    networkPerformance: 'Up to 5 Gigabit',
    addressesPerInterface: 12,
  },
  {
    ...NITRO,
    ...TWO_CORES,
    name: 'm5.large',
    burstable: false,
    memoryMiB: 8192,
    networkPerformance: 'Up to 10 Gigabit',
    addressesPerInterface: 10,
  },
  {
    ...NITRO,
    name: 'm5.xlarge',
    burstable: false,
    vCpus: 4,
    maximumNetworkInterfaces: 4,
    memoryMiB: 16384,
    networkPerformance: 'Up to 10 Gigabit',
    addressesPerInterface: 15,
  },
  {
    ...XEN,
    ...TWO_CORES,
    name: 't2.medium',
    burstable: true,
    memoryMiB: 4096,
    networkPerformance: 'Low to Moderate',
    addressesPerInterface: 6,
  },
  {
    ...XEN,
    name: 'm4.large',
    burstable: false,
    vCpus: 2,
    maximumNetworkInterfaces: 2,
    memoryMiB: 8192,
    networkPerformance: 'Moderate',
    addressesPerInterface: 10,
  },
]

/** Of the lab's nodes, unless another is asked for. */
export const DEFAULT_INSTANCE_TYPE = 't3.medium'

/** The types that the lab knows, by name. Nitro detaches a mounted volume, Xen keeps it `busy`. */
export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = new Map(
  ALL.map((type) => [type.name, type]),
)

/**
 * A type by its name.
 *
 * @throws Error for one that the lab doesn't know
 */
export function instanceType(name: string): InstanceType {
  const type = INSTANCE_TYPES.get(name)
  if (type === undefined) throw new Error(`the lab knows no instance type ${name}`)
  return type
}
