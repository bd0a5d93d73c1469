import type { StringMap, VolumeCapability } from '../rpc/messages.ts'

export type FsType = 'ext3' | 'ext4' | 'xfs'

/** Null for a file system that the driver can't make. '' is the default, ext4. */
export function parseFsType(text: string): FsType | null {
  const lower = text.toLowerCase()
  if (lower === '') return 'ext4'
  return lower === 'ext3' || lower === 'ext4' || lower === 'xfs' ? lower : null
}

const ANY: readonly FsType[] = ['ext3', 'ext4', 'xfs']
const EXT: readonly FsType[] = ['ext3', 'ext4']

/** Parameters that travel in the volume context and become options of mkfs. */
const OPTIONS: Readonly<
  Record<string, { fsTypes: readonly FsType[]; args: (value: string, fsType: FsType) => string[] }>
> = {
  blocksize: {
    fsTypes: ANY,
    args: (value, fsType) => ['-b', fsType === 'xfs' ? `size=${value}` : value],
  },
  inodesize: {
    fsTypes: ANY,
    args: (value, fsType) => (fsType === 'xfs' ? ['-i', `size=${value}`] : ['-I', value]),
  },
  bytesperinode: { fsTypes: EXT, args: (value) => ['-i', value] },
  numberofinodes: { fsTypes: EXT, args: (value) => ['-N', value] },
  ext4bigalloc: {
    fsTypes: ['ext4'],
    args: (value) => (value === 'true' ? ['-O', 'bigalloc'] : []),
  },
  ext4clustersize: { fsTypes: ['ext4'], args: (value) => ['-C', value] },
  ext4encryptionsupport: {
    fsTypes: ['ext4'],
    args: (value) => (value === 'true' ? ['-O', 'encrypt'] : []),
  },
}

export const FORMAT_KEYS: ReadonlySet<string> = new Set(Object.keys(OPTIONS))

/** Why these options can't be had with these capabilities, or undefined when they can. */
export function formatRefusal(
  context: StringMap,
  capabilities: readonly VolumeCapability[],
): string | undefined {
  for (const [key, value] of Object.entries(context)) {
    const option = OPTIONS[key]
    if (option === undefined) continue
    if (!/^[A-Za-z0-9]+$/.test(value)) return `Could not parse ${key} (${value})`
    for (const capability of capabilities) {
      if (capability.accessType === 'block') return `Cannot use ${key} with block volume`
      const fsType = parseFsType(capability.mount?.fsType ?? '')
      if (fsType === null || !option.fsTypes.includes(fsType)) {
        return `Cannot use ${key} with fstype ${capability.mount?.fsType}`
      }
    }
  }
  if (context['ext4clustersize'] !== undefined && context['ext4bigalloc'] !== 'true') {
    return 'Cannot set ext4ClusterSize when ext4BigAlloc is false'
  }
  return undefined
}

/** The arguments for mkfs that the volume context asks for. */
export function formatArguments(context: StringMap, fsType: FsType): readonly string[] {
  return Object.entries(context).flatMap(([key, value]) => OPTIONS[key]?.args(value, fsType) ?? [])
}
