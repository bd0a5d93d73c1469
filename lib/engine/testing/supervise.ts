import { join } from 'node:path'
import { createReporter } from '../../report/terminal.ts'
import { kubeconfigTarget } from '../../targets/kubeconfig.ts'
import { labTarget } from '../../targets/lab.ts'
import type { Target } from '../../targets/target.ts'
import { collectScenarios } from '../collect.ts'
import { Interrupts } from '../interrupts.ts'
import { runOptionsSchema } from '../records.ts'
import { selectScenarios } from '../select.ts'
import { superviseRun } from '../supervisor.ts'

/**
 * A supervisor as a process of its own, for tests to kill: runs the scenarios of `project/`.
 * Arguments: kubeconfig, context, namespace, out, JSON of RunOptions, filters; `lab` in place of a
 * kubeconfig, with the name of one that is up in place of a context. The exit code is the run's, or
 * 99 with the error on stderr.
 */
const [kubeconfig = '', context = '', namespace = '', out = '', options = '{}', ...filters] =
  process.argv.slice(2)
const root = join(import.meta.dirname, 'project')

try {
  const known = await collectScenarios(root)
  const interrupts = new Interrupts()
  interrupts.listen((reason) => console.log(`interrupt ${reason}`))
  const { dir, summary } = await superviseRun({
    target:
      kubeconfig === 'lab'
        ? labTarget({ namespace, keep: true, name: context, timers: 'short' })
        : await unguarded({ kubeconfig, context, namespace }),
    selected: selectScenarios(known, { filters, tier: 'full', tags: [] }),
    known,
    seed: 'test',
    out,
    root,
    interrupts,
    reporter: createReporter({ stream: process.stdout, isTTY: false }),
    options: runOptionsSchema.parse({
      tier: 'full',
      keep: false,
      manifests: {},
      require: [],
      ...runOptionsSchema.partial().parse(JSON.parse(options)),
    }),
  })
  console.log(`dir ${dir}\n${summary.verdictText}`)
  process.exit(summary.exitCode)
} catch (error) {
  console.error(error)
  process.exit(99)
}

/** A cluster of the tests' own: it has nobody who would have to consent. */
async function unguarded(options: Parameters<typeof kubeconfigTarget>[0]): Promise<Target> {
  const { rules: _rules, ...target } = await kubeconfigTarget(options)
  return target
}
