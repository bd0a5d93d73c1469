import type { StringMap, VolumeCapability } from '../rpc/messages.ts'
import { invalid } from '../rpc/status.ts'
import { FORMAT_KEYS, formatRefusal } from '../node/format-options.ts'
import { iopsFor } from './iops.ts'

/** What a StorageClass and the provisioner's metadata say about a new volume. */
export interface VolumeParameters {
  readonly type: string
  readonly iops: number | undefined
  readonly throughputMiBps: number | undefined
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
  readonly tags: StringMap
  /** What the node must know when it formats the volume; becomes the PV's volumeAttributes. */
  readonly volumeContext: StringMap
}

const METADATA_TAGS: Readonly<Record<string, string>> = {
  'csi.storage.k8s.io/pvc/name': 'kubernetes.io/created-for/pvc/name',
  'csi.storage.k8s.io/pvc/namespace': 'kubernetes.io/created-for/pvc/namespace',
  'csi.storage.k8s.io/pv/name': 'kubernetes.io/created-for/pv/name',
}

/** Recognised and without effect, as upstream: the sidecars strip or have replaced them. */
const IGNORED = new Set(['fstype', 'csi.storage.k8s.io/fstype', 'blockexpress'])

/**
 * Parses a StorageClass' parameters. Keys are matched without regard to case, as upstream does.
 *
 * @throws CsiError INVALID_ARGUMENT for an unknown key or a value that makes no sense.
 */
export function parseVolumeParameters(
  parameters: StringMap,
  sizeGiB: number,
  capabilities: readonly VolumeCapability[],
): VolumeParameters {
  const tags: Record<string, string> = {}
  const templates: string[] = []
  const volumeContext: Record<string, string> = {}
  const known = new Map<string, string>()
  for (const [key, value] of Object.entries(parameters)) {
    const lower = key.toLowerCase()
    const metadata = METADATA_TAGS[lower]
    if (metadata !== undefined) tags[metadata] = value
    else if (key.startsWith('tagSpecification')) templates.push(value)
    else if (FORMAT_KEYS.has(lower)) volumeContext[lower] = value
    else if (KNOWN.has(lower)) known.set(lower, value)
    else if (!IGNORED.has(lower)) throw invalid(`Invalid parameter key ${key} for CreateVolume`)
  }
  const refusal = formatRefusal(volumeContext, capabilities)
  if (refusal !== undefined) throw invalid(refusal)
  const type = known.get('type') || 'gp3'
  return {
    type,
    iops: iopsFor({
      type,
      sizeGiB,
      iops: wholeNumber('iops', known.get('iops')),
      iopsPerGiB: wholeNumber('iopsPerGB', known.get('iopspergb')),
      allowIncrease: known.get('allowautoiopspergbincrease') === 'true',
    }),
    throughputMiBps: wholeNumber('throughput', known.get('throughput')),
    encrypted: known.get('encrypted') === 'true',
    kmsKeyId: known.get('kmskeyid') || undefined,
    tags: { ...tags, ...extraTags(templates, tags) },
    volumeContext,
  }
}

const KNOWN = new Set([
  'type',
  'iops',
  'iopspergb',
  'allowautoiopspergbincrease',
  'throughput',
  'encrypted',
  'kmskeyid',
])

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw invalid(`Could not parse invalid ${name}: "${text}"`)
  return Number(text)
}

const FIELDS: Readonly<Record<string, string>> = {
  PVCName: 'kubernetes.io/created-for/pvc/name',
  PVCNamespace: 'kubernetes.io/created-for/pvc/namespace',
  PVName: 'kubernetes.io/created-for/pv/name',
}

/** `tagSpecification_N: key=value`; of upstream's templates, the plain fields `{{ .PVCName }}`. */
function extraTags(templates: readonly string[], metadata: StringMap): StringMap {
  return Object.fromEntries(
    templates.map((template): [string, string] => {
      const [key = '', ...rest] = template.split('=')
      if (key === '' || rest.length === 0) {
        throw invalid(`Invalid tag value: "${template}" is not of the form key=value`)
      }
      const value = rest.join('=').replaceAll(/{{\s*(.*?)\s*}}/g, (_, field: string) => {
        const tag = FIELDS[field.replace(/^\./, '')]
        if (tag === undefined) throw invalid(`Error interpolating tag value: {{ ${field} }}`)
        return metadata[tag] ?? ''
      })
      return [key, value]
    }),
  )
}
