import { defineConfig } from 'vitest/config'

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
