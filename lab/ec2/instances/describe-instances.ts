import { defineAction } from '../action.ts'
import type { Ec2Context } from '../context.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { attachedTo } from '../volumes/volume.ts'
import { filterParameters, flag, list, pagingParameters, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { findInstances, type Instance, INSTANCE_STATE_CODES } from './instance.ts'
import { reservationView, stateView } from './instance-view.ts'

const placeFilters: FilterTable<Instance> = {
  'availability-zone': (instance) => instance.subnet.zone.name,
  'availability-zone-id': (instance) => instance.subnet.zone.id,
  'instance-state-name': (instance) => instance.state.name,
  'instance-state-code': (instance) => INSTANCE_STATE_CODES[instance.state.name],
}

function instanceFilters(context: Ec2Context): FilterTable<Instance> {
  const attachments = (instance: Instance) =>
    attachedTo(context, instance.id).map(({ volume, attachment }) => ({ volume, attachment }))
  return {
    ...placeFilters,
    'instance-id': (instance) => instance.id,
    'instance-type': (instance) => instance.type.name,
    'image-id': (instance) => instance.imageId,
    'private-dns-name': (instance) => instance.privateDnsName,
    'private-ip-address': (instance) => instance.privateIp,
    'network-interface.private-dns-name': (instance) => instance.privateDnsName,
    'network-interface.addresses.private-ip-address': (instance) => instance.privateIp,
    'subnet-id': (instance) => instance.subnet.id,
    'vpc-id': () => context.vpc.id,
    'owner-id': () => context.accountId,
    'reservation-id': (instance) => instance.reservationId,
    'client-token': (instance) => instance.clientToken,
    'launch-time': (instance) => new Date(instance.launchTimeMs).toISOString(),
    'block-device-mapping.volume-id': (instance) =>
      attachments(instance).map(({ volume }) => volume.id),
    'block-device-mapping.device-name': (instance) =>
      attachments(instance).map(({ attachment }) => attachment.device),
    'block-device-mapping.status': (instance) =>
      attachments(instance).map(({ attachment }) => attachment.state.name),
  }
}

export const describeInstances = defineAction({
  name: 'DescribeInstances',
  parameters: {
    InstanceId: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ InstanceId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, instanceFilters(context), ({ tags }) => tags)
    const found = ids === undefined ? [...context.instances.values()] : findInstances(context, ids)
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeInstances',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: ids && 'instancesSet',
    })
    const reservations = Map.groupBy(items, (instance) => instance.reservationId)
    return () => ({
      reservationSet: [...reservations.values()].map((some) => reservationView(context, some)),
      nextToken,
    })
  },
})

/** Only instances that run have a status, unless all are asked for. */
export const describeInstanceStatus = defineAction({
  name: 'DescribeInstanceStatus',
  parameters: {
    InstanceId: list(text).optional(),
    IncludeAllInstances: flag.default(false),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ InstanceId: ids, IncludeAllInstances: all, Filter, ...page }, context) {
    const status = (instance: Instance) => statusOf(context, instance)
    const matches = compileFilters(Filter, {
      ...placeFilters,
      'instance-status.status': status,
      'instance-status.reachability': (instance) => reachability(status(instance)),
      'system-status.status': status,
      'system-status.reachability': (instance) => reachability(status(instance)),
    })
    const named = ids === undefined ? [...context.instances.values()] : findInstances(context, ids)
    const found = named.filter((one) => (all || one.state.name === 'running') && matches(one))
    const { items, nextToken } = pageOf(found, sequenceKey, page, {
      action: 'DescribeInstanceStatus',
      min: 5,
      max: 1000,
      query: [ids, all, Filter],
      idsParameter: ids && 'instancesSet',
    })
    return () => ({
      instanceStatusSet: items.map((instance) => statusView(context, instance)),
      nextToken,
    })
  },
})

function statusOf(context: Ec2Context, { state }: Instance): string {
  if (state.name !== 'running') return 'not-applicable'
  const age = context.clock.now() - state.sinceMs
  return age < state.initializingMs ? 'initializing' : 'ok'
}

function reachability(status: string): string | undefined {
  if (status === 'not-applicable') return undefined
  return status === 'ok' ? 'passed' : 'initializing'
}

function statusView(context: Ec2Context, instance: Instance): XmlObject {
  const status = statusOf(context, instance)
  const reachable = reachability(status)
  const details = reachable === undefined ? [] : [{ name: 'reachability', status: reachable }]
  return {
    instanceId: instance.id,
    availabilityZone: instance.subnet.zone.name,
    availabilityZoneId: instance.subnet.zone.id,
    instanceState: stateView(instance.state.name),
    systemStatus: { status, details },
    instanceStatus: { status, details },
    eventsSet: [],
  }
}
