/**
 * The messages of csi.proto v1 that the driver reads, as `loadProtocol` decodes them: absent
 * strings are '', absent messages null, absent maps {} and lists [].
 */
export type StringMap = Readonly<Record<string, string>>

export interface VolumeCapability {
  readonly accessType?: 'block' | 'mount'
  readonly block?: object | null
  readonly mount?: { readonly fsType: string; readonly mountFlags: readonly string[] } | null
  readonly accessMode: { readonly mode: string } | null
}

export interface CapacityRange {
  readonly requiredBytes: number
  readonly limitBytes: number
}

export interface Topology {
  readonly segments: StringMap
}

export interface TopologyRequirement {
  readonly requisite: readonly Topology[]
  readonly preferred: readonly Topology[]
}

export interface CreateVolumeRequest {
  readonly name: string
  readonly capacityRange: CapacityRange | null
  readonly volumeCapabilities: readonly VolumeCapability[]
  readonly parameters: StringMap
  readonly mutableParameters: StringMap
  readonly volumeContentSource: {
    readonly type?: 'snapshot' | 'volume'
    readonly snapshot?: { readonly snapshotId: string } | null
    readonly volume?: { readonly volumeId: string } | null
  } | null
  readonly accessibilityRequirements: TopologyRequirement | null
}

export interface VolumeRequest {
  readonly volumeId: string
}

export interface PublishRequest extends VolumeRequest {
  readonly nodeId: string
  readonly volumeCapability: VolumeCapability | null
  readonly readonly: boolean
}

export interface ValidateRequest extends VolumeRequest {
  readonly volumeContext: StringMap
  readonly volumeCapabilities: readonly VolumeCapability[]
  readonly parameters: StringMap
}

export interface ExpandRequest extends VolumeRequest {
  readonly capacityRange: CapacityRange | null
  readonly volumeCapability: VolumeCapability | null
}

export interface CreateSnapshotRequest {
  readonly sourceVolumeId: string
  readonly name: string
  readonly parameters: StringMap
}

export interface ListSnapshotsRequest {
  readonly maxEntries: number
  readonly startingToken: string
  readonly sourceVolumeId: string
  readonly snapshotId: string
}

export interface NodeStageRequest extends VolumeRequest {
  readonly publishContext: StringMap
  readonly stagingTargetPath: string
  readonly volumeCapability: VolumeCapability | null
  readonly volumeContext: StringMap
}

export interface NodeUnstageRequest extends VolumeRequest {
  readonly stagingTargetPath: string
}

export interface NodePublishRequest extends NodeStageRequest {
  readonly targetPath: string
  readonly readonly: boolean
}

export interface NodeUnpublishRequest extends VolumeRequest {
  readonly targetPath: string
}

export interface NodePathRequest extends VolumeRequest {
  readonly volumePath: string
}

export interface NodeExpandRequest extends NodePathRequest {
  readonly volumeCapability: VolumeCapability | null
}
