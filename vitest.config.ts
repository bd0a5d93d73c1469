import { defineConfig } from 'vitest/config'
import { HOW_TO_RUN } from './lib/engine/how-to-run.ts'

// Whoever names a scenario file gets an answer, where "no test files found" would be none.
if (process.argv.some((arg) => /(^|\/)scenarios(\/|$)|\.scenario\.ts$/.test(arg))) {
  throw new Error(HOW_TO_RUN)
}

/**
 * What `npx vitest` in an editor finds: the unit tests, which stand beside their file.
 * Scenarios change a cluster, so they run only under the supervisor (`npx zonefall run`), which
 * owns signals, the journal and the clean-up; its vitest uses `lib/engine/vitest.scenarios.config.ts`.
 */
export default defineConfig({
  test: {
    include: ['{lib,lab,fixtures,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.lab.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
  },
})
