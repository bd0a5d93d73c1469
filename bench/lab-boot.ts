import { execFile } from 'node:child_process'

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  Watch,
} from '@kubernetes/client-node'
import { z } from 'zod'

const execFileAsync = promisify(execFile)
const LAB = join(import.meta.dirname, '../lab/cli/main.ts')
const NAME = 'bench'
const FIRST_VOLUME = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: bench}
provisioner: ebs.csi.aws.com
parameters: {type: gp2}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bench-0, namespace: default}
spec: {accessModes: [ReadWriteOnce], storageClassName: bench, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: bench-0, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: pause, image: 'registry.k8s.io/pause:3.10', volumeMounts: [{name: data, mountPath: /data}]}
  volumes: [{name: data, persistentVolumeClaim: {claimName: bench-0}}]
`

/** One boot of a lab, from nothing running to a pod with a volume. Seconds and MiB. */
export interface BootMeasurement {
  readonly upSeconds: number
  readonly firstVolumeSeconds: number
  readonly reuseSeconds: number
  /** Proportional set size of all the lab's processes: shared pages count once. */
  readonly memoryPssMiB: number
  readonly memoryRssMiB: number
}

/** Boots a lab of its own name, measures it, and takes it down. Artifacts must be built. */
export async function measureBoot(): Promise<BootMeasurement> {
  await downLab()
  try {
    const begin = performance.now()
    const access = await upLab()
    const upSeconds = secondsSince(begin)
    await firstVolume(access.kubeconfig)
    const firstVolumeSeconds = secondsSince(begin)
    const again = performance.now()
    await lab('up', '--json')
    const reuseSeconds = secondsSince(again)
    const { pssMiB, rssMiB } = await memoryOfLab(access.logs)
    return {
      upSeconds,
      firstVolumeSeconds,
      reuseSeconds,
      memoryPssMiB: pssMiB,
      memoryRssMiB: rssMiB,
    }
  } finally {
    await downLab()
  }
}

/** Boots the bench's lab. */
export async function upLab(): Promise<{ readonly kubeconfig: string; readonly logs: string }> {
  const { stdout } = await lab('up', '--json')
  return z.object({ kubeconfig: z.string(), logs: z.string() }).parse(JSON.parse(stdout))
}

/** Takes it down, if it is up. */
export async function downLab(): Promise<void> {
  await lab('down')
}

function lab(...args: string[]): Promise<{ stdout: string }> {
  return execFileAsync(process.execPath, [LAB, '--name', NAME, ...args], { timeout: 30 * 60_000 })
}

async function firstVolume(kubeconfig: string): Promise<void> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const api = KubernetesObjectApi.makeApiClient(config)
  const objects: KubernetesObject[] = loadAllYaml(FIRST_VOLUME)
  for (const object of objects) await api.create(object)
  await podReady(config, '/api/v1/namespaces/default/pods', 'bench-0')
}

async function podReady(config: KubeConfig, path: string, name: string): Promise<void> {
  const abort = new AbortController()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} is not Ready after 60 s`)), 60_000)
    void new Watch(config)
      .watch(
        path,
        {},
        (_phase, pod: PodLike) => {
          const isReady = pod.status?.conditions?.some(
            ({ type, status }) => type === 'Ready' && status === 'True',
          )
          if (pod.metadata?.name !== name || !isReady) return
          clearTimeout(timer)
          resolve()
        },
        () => undefined,
      )
      .then((watch) => abort.signal.addEventListener('abort', () => watch.abort()))
      .catch(reject)
  }).finally(() => abort.abort())
}

interface PodLike {
  readonly metadata?: { readonly name?: string }
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] }
}

/** The daemon's outermost process and all below it. */
async function memoryOfLab(logs: string): Promise<{ pssMiB: number; rssMiB: number }> {
  const record = await readFile(join(logs, '../daemon.json'), 'utf8')
  const { pid: root } = z.object({ pid: z.int() }).parse(JSON.parse(record))
  const { stdout: table } = await execFileAsync('ps', ['-eo', 'pid=,ppid='])
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number))
  const family = new Set([root])
  // A parent's number may be larger than its child's: go on until nobody new turns up.
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const [pid = 0, parent = 0] of rows) if (family.has(parent)) family.add(pid)
  }
  const rollups = await Promise.all(
    [...family].map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')),
  )
  const stdout = rollups.join('\n')
  const sum = (field: string) =>
    [...stdout.matchAll(new RegExp(`^${field}:\\s+(\\d+) kB`, 'gm'))].reduce(
      (total, [, kib]) => total + Number(kib),
      0,
    ) / 1024
  return { pssMiB: Math.round(sum('Pss')), rssMiB: Math.round(sum('Rss')) }
}

const secondsSince = (begin: number) => Math.round(performance.now() - begin) / 1000

if (import.meta.main) console.log(JSON.stringify(await measureBoot(), undefined, 2))
