import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import type { Stage } from '../model/stage.ts'
import { HOW_TO_RUN } from './how-to-run.ts'

const runDir = process.env['ZONEFALL_RUN_DIR']
if (runDir === undefined || runDir === '') throw new Error(HOW_TO_RUN)

/** Which files run when, as the supervisor has planned it: `planStages`. */
const { stages }: { readonly stages: readonly Stage[] } = JSON.parse(
  readFileSync(join(runDir, 'run.json'), 'utf8'),
)
const planned = stages.flatMap(({ files }) => files)

class PlannedOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (spec: TestSpecification): number =>
      planned.findIndex(({ file }) => spec.moduleId.endsWith(`/${file}`))
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b)))
  }
}

/**
 * The vitest that runs scenarios, as the supervisor's child. A stage at a time, and of a stage as
 * many files as it allows, because scenarios whose blast radii overlap must not run at once; no retries, because a check that fails once
 * has failed; no time-outs of vitest's own, because it would abandon a scenario without healing:
 * budgets and the supervisor's `--time-limit` bound everything.
 */
export default defineConfig({
  test: {
    globalSetup: [join(import.meta.dirname, 'vitest.scenarios.global-setup.ts')],
    setupFiles: [join(import.meta.dirname, 'vitest.scenarios.setup.ts')],
    pool: 'forks',
    isolate: true,
    maxConcurrency: 1,
    sequence: { sequencer: PlannedOrder, concurrent: false, shuffle: false },
    retry: 0,
    testTimeout: 0,
    hookTimeout: 0,
    reporters: ['verbose'],
    watch: false,
    projects: stages.map(({ atOnce, files }, index) => ({
      extends: true,
      test: {
        name: `stage ${index + 1}`,
        include: files.map(({ file }) => join(import.meta.dirname, '../..', file)),
        maxWorkers: atOnce,
        fileParallelism: atOnce > 1,
        // From 1: vitest has files of order 0 that run one at a time wait for all others.
        sequence: { groupOrder: index + 1 },
      },
    })),
  },
})
