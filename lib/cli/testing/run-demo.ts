import { join } from 'node:path'
import { collectScenarios } from '../../engine/collect.ts'
import { Interrupts } from '../../engine/interrupts.ts'
import { selectScenarios } from '../../engine/select.ts'
import { superviseRun, type SuperviseResult } from '../../engine/supervisor.ts'
import { DEFAULT_RULES } from '../../model/safety-rules.ts'
import { createReporter } from '../../report/terminal.ts'
import { eksTarget } from '../../targets/eks.ts'
import type { EksBench } from '../../engine/testing/eks-bench.ts'

const ROOT = join(import.meta.dirname, '../../engine/testing/project')

/**
 * Runs the scenarios with a tag of those that have no database, as `zonefall run --target eks`
 * begins a run. The environment has to have the bench's variables.
 */
export async function runDemo(
  { context, kubeconfig, dir }: EksBench,
  tag: string,
): Promise<SuperviseResult> {
  const known = await collectScenarios(ROOT)
  return superviseRun({
    target: await eksTarget({ context, kubeconfig, rules: DEFAULT_RULES, namespace: '<run>' }),
    selected: selectScenarios(known, { filters: [], tier: 'full', tags: [tag] }),
    known,
    seed: 'eks',
    out: join(dir, 'out'),
    root: ROOT,
    interrupts: new Interrupts(),
    reporter: createReporter({ stream: process.stdout, isTTY: false }),
    options: {
      tier: 'full',
      keep: false,
      manifests: { cassandra: join(ROOT, 'manifests/cassandra.yaml') },
      require: [],
    },
  })
}
