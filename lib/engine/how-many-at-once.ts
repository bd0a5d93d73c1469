import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { V1PodSpec } from '@kubernetes/client-node'
import type { Cluster } from '../kube/cluster.ts'
import { loadManifests } from '../kube/manifests.ts'
import { cpusOf, ringsThatFit } from '../kube/room.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import type { Zone } from '../model/target.ts'
import { fileStem, PROJECT_ROOT } from './collect.ts'
import type { RunOptions } from './records.ts'
import { filesThatMayOverlap } from './stages.ts'

/** More at once is a person's choice: databases that start beside them slow clients down. */
const AT_MOST = 2

const setSchema = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().default(1),
    template: z.looseObject({ spec: z.custom<V1PodSpec>((value) => typeof value === 'object') }),
  }),
})

/**
 * How many files of scenarios run side by side: what `--parallel` says, else as many as the nodes
 * have room for what they deploy, at most two. One where what is deployed is to be kept, because
 * rings would pile up, and where scenarios need their zones alone anyway.
 *
 * @param options.isLab so that the nodes share this machine's processors
 * @param options.mayMakeNamespaces whether it may make namespaces unasked: not where a person gave
 *   it one that is there
 */
export async function howManyAtOnce(
  cluster: Cluster,
  selected: readonly ScenarioInfo[],
  options: {
    readonly run: RunOptions
    readonly zones: readonly Zone[]
    readonly mayMakeNamespaces: boolean
    readonly isLab: boolean
  },
): Promise<number> {
  const { run, zones, mayMakeNamespaces, isLab } = options
  if (run.parallel !== undefined) return run.parallel
  const files = filesThatMayOverlap(selected)
  if (files.length < 2 || run.keep || !mayMakeNamespaces) return 1
  const systems = new Set(files.map((file) => fileStem(file).split('/')[0] ?? ''))
  const [{ items: nodes }, { items: pods }] = await Promise.all([
    cluster.core.listNode(),
    cluster.core.listPodForAllNamespaces(),
  ])
  const byZone = zones.map((zone) =>
    nodes.filter(({ metadata }) => zone.nodes.some(({ name }) => name === metadata?.name)),
  )
  let fitting = AT_MOST
  for (const system of systems) {
    const path = run.manifests[system] ?? join(PROJECT_ROOT, 'manifests', system)
    if (!existsSync(path)) continue
    for (const { object } of await loadManifests(path)) {
      if (object.kind !== 'StatefulSet') continue
      const { replicas, template } = setSchema.parse(object).spec
      const ring = { replicas, pod: template.spec }
      fitting = Math.min(fitting, ringsThatFit(byZone, pods, ring))
      // The lab's nodes each tell of the processors that they all share.
      if (isLab) fitting = Math.min(fitting, Math.floor(availableParallelism() / cpusOf(ring)))
    }
  }
  return Math.max(1, fitting)
}
