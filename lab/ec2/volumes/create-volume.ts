import { defineAction } from '../action.ts'
import { ApiError, invalidCombination, missingParameter, unsupported } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { tagsFor } from '../tags/tag-rules.ts'
import { flag, integer, tagSpecifications, text } from '../wire/parameters.ts'
import { newVolume, planVolume } from './new-volume.ts'
import { beginCreate } from './volume-lifecycle.ts'
import { volumeView } from './volume-view.ts'

export const createVolume = defineAction({
  name: 'CreateVolume',
  parameters: {
    AvailabilityZone: text.optional(),
    AvailabilityZoneId: text.optional(),
    Size: integer.optional(),
    VolumeType: text.default('gp2'),
    Iops: integer.optional(),
    Throughput: integer.optional(),
    SnapshotId: text.optional(),
    Encrypted: flag.optional(),
    KmsKeyId: text.optional(),
    MultiAttachEnabled: flag.optional(),
    TagSpecification: tagSpecifications,
    ClientToken: text.optional(),
  },
  prepare(parameters, context) {
    const request = { action: 'CreateVolume', token: parameters.ClientToken, parameters }
    const earlier = context.idempotency.find(
      request,
      (id) => context.volumes.has(id),
      'Parameters on this idempotent request are inconsistent with parameters used in previous request(s)',
    )
    if (earlier !== undefined) {
      return () => earlier.flatMap((id) => context.volumes.get(id) ?? []).map(volumeView)[0] ?? {}
    }

    const zone = findZone(context, parameters.AvailabilityZone, parameters.AvailabilityZoneId)
    const tags = tagsFor(parameters.TagSpecification, ['volume']).get('volume') ?? new Map()
    const plan = planVolume(context, {
      sizeGiB: parameters.Size,
      type: parameters.VolumeType,
      iops: parameters.Iops,
      throughputMiBps: parameters.Throughput,
      snapshotId: parameters.SnapshotId,
      encrypted: parameters.Encrypted ?? false,
      kmsKeyId: parameters.KmsKeyId,
      tooSmallCode: 'InvalidParameterValue',
      sizeParameter: 'Size',
    })
    if (parameters.MultiAttachEnabled === true) {
      if (!plan.shape.type.startsWith('io')) {
        throw invalidCombination('multiAttach is only supported for io1 and io2 volumes.')
      }
      throw unsupported('The lab has no Multi-Attach volumes.')
    }
    return () => {
      const volume = newVolume(context, plan, zone, { state: { name: 'creating' }, tags })
      context.idempotency.remember(request, [volume.id])
      beginCreate(context, volume, plan.snapshot)
      return volumeView(volume)
    }
  },
})

function findZone(context: Ec2Context, name: string | undefined, id: string | undefined) {
  if (name !== undefined && id !== undefined) {
    throw invalidCombination(
      'The parameters AvailabilityZone and AvailabilityZoneId cannot be used together.',
    )
  }
  if (name === undefined && id === undefined) throw missingParameter('AvailabilityZone')
  const zones = [...context.subnets.values()].map((subnet) => subnet.zone)
  const zone = zones.find((one) => (name === undefined ? one.id === id : one.name === name))
  if (zone !== undefined) return zone
  throw new ApiError('InvalidZone.NotFound', `The zone '${name ?? id}' does not exist.`)
}
