import { tagSet } from '../tags/tag-rules.ts'
import type { XmlObject } from '../wire/xml.ts'
import { type Attachment, attachmentOf, type Volume } from './volume.ts'

/** A volume as DescribeVolumes and CreateVolume show it. */
export function volumeView(volume: Volume): XmlObject {
  const attachment = attachmentOf(volume)
  return {
    volumeId: volume.id,
    size: volume.shape.sizeGiB,
    snapshotId: volume.snapshotId ?? '',
    availabilityZone: volume.zone,
    availabilityZoneId: volume.zoneId,
    status: volume.state.name,
    createTime: new Date(volume.createTimeMs),
    attachmentSet: attachment === undefined ? [] : [attachmentView(volume, attachment)],
    tagSet: tagSet(volume.tags),
    volumeType: volume.shape.type,
    iops: volume.shape.iops,
    throughput: volume.shape.throughputMiBps,
    encrypted: volume.encrypted,
    kmsKeyId: volume.kmsKeyId,
    multiAttachEnabled: false,
  }
}

/** An attachment as AttachVolume, DetachVolume and DescribeVolumes show it. */
export function attachmentView(volume: Volume, attachment: Attachment): XmlObject {
  return {
    volumeId: volume.id,
    instanceId: attachment.instanceId,
    device: attachment.device,
    status: attachment.state.name,
    attachTime: new Date(attachment.attachTimeMs),
    deleteOnTermination: attachment.deleteOnTermination,
  }
}
