import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { BuildContext, RunOptions } from '../recipe.ts'

/** What a command run inside layers needs beside them. */
export interface Inside extends Pick<RunOptions, 'env' | 'timeoutMs'> {
  /** Layers that make up the root file system, topmost first. */
  readonly layers: readonly string[]
  /** The layer that takes what the command writes; by default what it writes is forgotten. */
  readonly upper?: string
  /** Folders to mount into it: path inside → folder outside, writable. */
  readonly binds?: Readonly<Record<string, string>>
  /** With a loopback interface and no other, so that its ports are nobody else's. */
  readonly alone?: boolean
}

/** Runs a command with layers of an image as its root file system. */
export async function runInside(
  context: BuildContext,
  command: readonly string[],
  { layers, upper, binds = {}, alone = false, ...options }: Inside,
): Promise<void> {
  const root = join(context.scratchDir, 'mounted')
  const work = join(context.scratchDir, 'overlay-work')
  const written = upper ?? join(context.scratchDir, 'overlay-upper')
  for (const folder of [root, work, written]) await mkdir(folder, { recursive: true })
  const lower = layers.filter((layer) => layer !== upper).join(':')
  const overlay = `lowerdir=${lower},upperdir=${written},workdir=${work}`
  const script = `set -e; root=$1; shift
    mount -t overlay overlay -o ${JSON.stringify(overlay)} "$root"
    mkdir -p "$root/proc"
    mount -t proc proc "$root/proc"
    for bind in ${Object.entries(binds)
      .map(([path, folder]) => JSON.stringify(`${folder}:${path}`))
      .join(' ')}; do
      mkdir -p "$root\${bind##*:}"
      mount --bind "\${bind%%:*}" "$root\${bind##*:}"
    done
    ${alone ? 'ip link set lo up' : ''}
    exec chroot "$root" "$@"`
  const network = alone ? ['unshare', '--net', '--'] : []
  await context.run([...network, 'bash', '-c', script, 'run-inside', root, ...command], options)
}
