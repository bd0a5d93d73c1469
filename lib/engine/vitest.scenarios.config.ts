import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { HOW_TO_RUN } from './how-to-run.ts'

const runDir = process.env['ZONEFALL_RUN_DIR']
if (runDir === undefined || runDir === '') throw new Error(HOW_TO_RUN)

/** Files in the order that the supervisor chose, which `run.json` keeps. */
class ChosenOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const text = readFileSync(join(runDir ?? '', 'run.json'), 'utf8')
    const { selected }: { selected: { file: string }[] } = JSON.parse(text)
    const rank = (spec: TestSpecification): number =>
      selected.findIndex(({ file }) => spec.moduleId.endsWith(`/${file}`))
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b)))
  }
}

/**
 * The vitest that runs scenarios, as the supervisor's child. One file at a time, because two
 * scenarios must not break the same cluster at once; no retries, because a check that fails once
 * has failed; no time-outs of vitest's own, because it would abandon a scenario without healing:
 * budgets and the supervisor's `--time-limit` bound everything.
 */
export default defineConfig({
  test: {
    include: ['scenarios/**/*.scenario.ts'],
    globalSetup: [join(import.meta.dirname, 'vitest.scenarios.global-setup.ts')],
    setupFiles: [join(import.meta.dirname, 'vitest.scenarios.setup.ts')],
    pool: 'forks',
    fileParallelism: false,
    maxConcurrency: 1,
    sequence: { sequencer: ChosenOrder, concurrent: false, shuffle: false },
    retry: 0,
    testTimeout: 0,
    hookTimeout: 0,
    reporters: ['verbose'],
    watch: false,
  },
})
