import { defineAction } from '../action.ts'
import { ApiError } from '../api-error.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { modificationView } from './modify-volume.ts'
import { attachmentOf, findVolumes, type Volume } from './volume.ts'
import { volumeView } from './volume-view.ts'

const parameters = {
  VolumeId: list(text).optional(),
  Filter: filterParameters,
  ...pagingParameters,
}

const filters: FilterTable<Volume> = {
  'volume-id': (volume) => volume.id,
  'volume-type': (volume) => volume.shape.type,
  size: (volume) => volume.shape.sizeGiB,
  status: (volume) => volume.state.name,
  'snapshot-id': (volume) => volume.snapshotId,
  encrypted: (volume) => volume.encrypted,
  'multi-attach-enabled': () => false,
  'create-time': (volume) => new Date(volume.createTimeMs).toISOString(),
  'availability-zone': (volume) => volume.zone,
  'availability-zone-id': (volume) => volume.zoneId,
  'attachment.instance-id': (volume) => attachmentOf(volume)?.instanceId,
  'attachment.device': (volume) => attachmentOf(volume)?.device,
  'attachment.status': (volume) => attachmentOf(volume)?.state.name,
  'attachment.delete-on-termination': (volume) => attachmentOf(volume)?.deleteOnTermination,
}

const idsParameter = (ids: readonly string[] | undefined): string | undefined =>
  ids === undefined ? undefined : 'volumeIds'

export const describeVolumes = defineAction({
  name: 'DescribeVolumes',
  parameters,
  prepare({ VolumeId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, filters, (volume) => volume.tags)
    const found = ids === undefined ? [...context.volumes.values()] : findVolumes(context, ids)
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeVolumes',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: idsParameter(ids),
    })
    return () => ({ volumeSet: items.map(volumeView), nextToken })
  },
})

const statusFilters: FilterTable<Volume> = {
  'availability-zone': (volume) => volume.zone,
  'availability-zone-id': (volume) => volume.zoneId,
  'volume-status.status': (volume) => statusOf(volume),
}

export const describeVolumeStatus = defineAction({
  name: 'DescribeVolumeStatus',
  parameters,
  prepare({ VolumeId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, statusFilters)
    const found = ids === undefined ? [...context.volumes.values()] : findVolumes(context, ids)
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeVolumeStatus',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: idsParameter(ids),
    })
    return () => ({ volumeStatusSet: items.map(statusView), nextToken })
  },
})

function statusOf(volume: Volume): string {
  if (volume.state.name === 'creating') return 'insufficient-data'
  return volume.state.name === 'error' ? 'impaired' : 'ok'
}

function statusView(volume: Volume): XmlObject {
  const ready = volume.state.name !== 'creating'
  const details = [
    { name: 'io-enabled', status: ready ? 'passed' : 'insufficient-data' },
    { name: 'io-performance', status: 'not-applicable' },
    { name: 'initialization-state', status: ready ? 'completed' : 'initializing' },
  ]
  return {
    volumeId: volume.id,
    availabilityZone: volume.zone,
    availabilityZoneId: volume.zoneId,
    volumeStatus: { status: statusOf(volume), details },
    eventsSet: [],
    actionsSet: [],
  }
}

const modificationFilters: FilterTable<Volume> = {
  'volume-id': (volume) => volume.id,
  'modification-state': (volume) => volume.modification?.state,
  'original-size': (volume) => volume.modification?.original.sizeGiB,
  'original-volume-type': (volume) => volume.modification?.original.type,
  'original-iops': (volume) => volume.modification?.original.iops,
  'target-size': (volume) => volume.modification?.target.sizeGiB,
  'target-volume-type': (volume) => volume.modification?.target.type,
  'target-iops': (volume) => volume.modification?.target.iops,
}

export const describeVolumesModifications = defineAction({
  name: 'DescribeVolumesModifications',
  parameters,
  prepare({ VolumeId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, modificationFilters)
    const named = ids === undefined ? undefined : findVolumes(context, ids)
    const never = named?.find((volume) => volume.modification === undefined)
    if (never !== undefined) {
      throw new ApiError(
        'InvalidVolumeModification.NotFound',
        `Modification for volume '${never.id}' does not exist.`,
      )
    }
    const found = (named ?? [...context.volumes.values()]).filter(
      (volume) => volume.modification !== undefined,
    )
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeVolumesModifications',
      min: 1,
      max: 500,
      query: [ids, Filter],
    })
    return () => ({
      volumeModificationSet: items.flatMap((volume) =>
        volume.modification === undefined ? [] : [modificationView(volume, volume.modification)],
      ),
      nextToken,
    })
  },
})
