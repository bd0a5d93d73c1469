import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { Timeline } from '../lib/engine/timeline.ts'
import { Cluster } from '../lib/kube/cluster.ts'
import { WatchHub } from '../lib/kube/watch-hub/hub.ts'
import { recordTransitions } from '../lib/kube/watch-hub/record.ts'
import { poll } from '../lib/std/poll.ts'
import { downLab, upLab } from './lab-boot.ts'

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

/** From the API's answer to a write until its entry is in the timeline's file; milliseconds. */
export interface HubLatency {
  readonly writes: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/**
 * Cordons and uncordons a node of a lab with nothing on it, over and over, with all kinds watched.
 * An entry that is there before the answer counts as 0.
 */
export async function measureHubLatency(writes: number): Promise<HubLatency> {
  const dir = await mkdtemp(join(tmpdir(), 'zonefall-bench-'))
  try {
    const { kubeconfig } = await upLab()
    return await measureOn(kubeconfig, writes, join(dir, 'timeline.ndjson'))
  } finally {
    await downLab()
    await rm(dir, { recursive: true })
  }
}

async function measureOn(kubeconfig: string, writes: number, file: string): Promise<HubLatency> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const cluster = await Cluster.connect({ kubeconfig, context: config.getCurrentContext() })
  const { items } = await cluster.core.listNode()
  const name = items[0]?.metadata?.name
  if (name === undefined) throw new Error('The lab has no node to cordon.')
  const timeline = new Timeline(file, Date.now(), 'supervisor')
  await using hub = await WatchHub.start(cluster, { namespace: 'default' })
  let onEntry: (() => void) | undefined
  using _recording = recordTransitions(hub, {
    emit: (entry) => {
      timeline.emit(entry)
      if (entry.subject === `node/${name}` && entry.kind.endsWith('cordoned')) onEntry?.()
    },
  })
  const latencies: number[] = []
  for (let i = 0; i < writes; i += 1) {
    let entryMs: number | undefined
    onEntry = () => (entryMs ??= performance.now())
    const body = { spec: { unschedulable: i % 2 === 0 } }
    await cluster.core.patchNode({ name, body }, MERGE_PATCH)
    const answerMs = performance.now()
    await hub.until(() => entryMs, { what: `entry ${i}`, budget: 'stateVisible' })
    latencies.push(Math.max(0, (entryMs ?? Number.NaN) - answerMs))
  }
  await poll({ what: 'the file', budget: 'apiCall' }, async () => {
    const lines = (await readFile(file, 'utf8'))
      .split('\n')
      .filter((l) => /"node\.(un)?cordoned"/.test(l))
    return lines.length === writes
      ? { done: true, value: true }
      : { done: false, seen: lines.length }
  })
  timeline.close()
  const sorted = latencies.toSorted((a, b) => a - b)
  const quantile = (q: number): number => sorted[Math.ceil(q * writes) - 1] ?? Number.NaN
  return { writes, p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) }
}
