import type { Dirent } from 'node:fs'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Cluster, explainApiError } from '../kube/cluster.ts'

/** At most this much of the end of each log is kept. */
const TAIL_BYTES = 4 * 1024 * 1024
const TAIL_LINES = 5000

/**
 * Writes what a person needs to see why something failed: nodes, pods, claims, volumes and events
 * as the API server has them, and the logs of every container of the namespace, those of its life
 * before included. What can't be fetched is left out and named.
 *
 * @returns one sentence for each thing that could not be fetched
 */
export async function collectCluster(
  cluster: Cluster,
  namespace: string,
  dir: string,
): Promise<string[]> {
  await mkdir(dir, { recursive: true })
  const missing: string[] = []
  const attempt = async (name: string, fetch: () => Promise<string>): Promise<void> => {
    try {
      await writeFile(join(dir, name), await fetch())
    } catch (error) {
      missing.push(`${name} could not be collected: ${explainApiError(error)}.`)
    }
  }
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
  const { core, apps, storage } = cluster
  await Promise.all([
    attempt('nodes.json', async () => json((await core.listNode()).items)),
    attempt('persistent-volumes.json', async () => json((await core.listPersistentVolume()).items)),
    attempt('volume-attachments.json', async () =>
      json((await storage.listVolumeAttachment()).items),
    ),
    attempt('claims.json', async () =>
      json((await core.listNamespacedPersistentVolumeClaim({ namespace })).items),
    ),
    attempt('statefulsets.json', async () =>
      json((await apps.listNamespacedStatefulSet({ namespace })).items),
    ),
    attempt('events.json', async () => json((await core.listNamespacedEvent({ namespace })).items)),
    attempt('pods.json', async () => json((await core.listNamespacedPod({ namespace })).items)),
  ])
  const pods = await core.listNamespacedPod({ namespace }).catch(() => ({ items: [] }))
  for (const pod of pods.items) {
    const name = pod.metadata?.name ?? ''
    const statuses = pod.status?.containerStatuses ?? []
    for (const container of pod.spec?.containers ?? []) {
      const query = { name, namespace, container: container.name, tailLines: TAIL_LINES }
      const status = statuses.find((item) => item.name === container.name)
      if (status?.containerID === undefined) continue
      await attempt(`${name}.${container.name}.log`, () => core.readNamespacedPodLog(query))
      if (status.restartCount > 0) {
        await attempt(`${name}.${container.name}.previous.log`, () =>
          core.readNamespacedPodLog({ ...query, previous: true }),
        )
      }
    }
  }
  return missing
}

/** Copies the end of every file below a folder of logs. */
export async function copyLogs(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(
    (): Dirent[] => [],
  )
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const below = relative(from, join(entry.parentPath, entry.name))
    await mkdir(join(to, below, '..'), { recursive: true })
    await writeFile(join(to, below), await tail(join(from, below)))
  }
}

/** Paths of all files below a folder, relative to `base`, sorted. */
export async function filesBelow(folder: string, base: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (): Dirent[] => [],
  )
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(base, join(entry.parentPath, entry.name)))
    .toSorted()
}

async function tail(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, TAIL_BYTES)
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(length),
      position: size - length,
    })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
