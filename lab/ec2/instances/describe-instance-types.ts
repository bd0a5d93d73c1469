import { defineAction } from '../action.ts'
import { ApiError } from '../api-error.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { INSTANCE_TYPES, type InstanceType } from './instance-types.ts'

const filters: FilterTable<InstanceType> = {
  'instance-type': (type) => type.name,
  hypervisor: (type) => type.hypervisor,
  'current-generation': (type) => type.currentGeneration,
  'burstable-performance-supported': (type) => type.burstable,
  'bare-metal': () => false,
  'processor-info.supported-architecture': () => 'x86_64',
  'vcpu-info.default-vcpus': (type) => type.vCpus,
  'memory-info.size-in-mib': (type) => type.memoryMiB,
}

export const describeInstanceTypes = defineAction({
  name: 'DescribeInstanceTypes',
  parameters: {
    InstanceType: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ InstanceType: names, Filter, ...page }, _context) {
    const matches = compileFilters(Filter, filters)
    const wrong = names?.filter((name) => !INSTANCE_TYPES.has(name)) ?? []
    if (wrong.length > 0) {
      const words = `The following supplied instance types do not exist: [${wrong.join(', ')}]`
      throw new ApiError('InvalidInstanceType', words)
    }
    const found = [...INSTANCE_TYPES.values()].filter(
      (type) => (names?.includes(type.name) ?? true) && matches(type),
    )
    const { items, nextToken } = pageOf(found, (type) => type.name, page, {
      action: 'DescribeInstanceTypes',
      min: 5,
      max: 100,
      query: [names, Filter],
      idsParameter: names && 'instanceTypes',
    })
    return () => ({ instanceTypeSet: items.map(typeView), nextToken })
  },
})

function typeView(type: InstanceType): XmlObject {
  const nitro = type.hypervisor === 'nitro'
  const card = {
    networkCardIndex: 0,
    networkPerformance: type.networkPerformance,
    maximumNetworkInterfaces: type.maximumNetworkInterfaces,
  }
  return {
    instanceType: type.name,
    currentGeneration: type.currentGeneration,
    freeTierEligible: false,
    supportedUsageClasses: ['on-demand'],
    supportedRootDeviceTypes: ['ebs'],
    supportedVirtualizationTypes: ['hvm'],
    bareMetal: false,
    hypervisor: type.hypervisor,
    processorInfo: { supportedArchitectures: ['x86_64'] },
    vCpuInfo: {
      defaultVCpus: type.vCpus,
      defaultCores: type.vCpus / 2,
      defaultThreadsPerCore: 2,
    },
    memoryInfo: { sizeInMiB: type.memoryMiB },
    instanceStorageSupported: false,
    ebsInfo: {
      ebsOptimizedSupport: nitro ? 'default' : 'unsupported',
      encryptionSupport: 'supported',
      nvmeSupport: nitro ? 'required' : 'unsupported',
      // Nitro's 28 places are for volumes and network interfaces together.
      maximumEbsAttachments: nitro ? type.maximumVolumes + 1 : type.maximumVolumes,
      attachmentLimitType: nitro ? 'shared' : 'dedicated',
      maximumEbsCards: 1,
    },
    networkInfo: {
      ...card,
      networkCardIndex: undefined,
      maximumNetworkCards: 1,
      defaultNetworkCardIndex: 0,
      networkCards: [card],
      ipv4AddressesPerInterface: type.addressesPerInterface,
      enaSupport: nitro ? 'required' : 'unsupported',
    },
    hibernationSupported: false,
    burstablePerformanceSupported: type.burstable,
    dedicatedHostsSupported: false,
    autoRecoverySupported: false,
  }
}
