import { defineConfig } from 'vitest/config'

/**
 * Tests that need root and a booted lab, one file at a time: machines with two cores boot one lab
 * well, not two. `sabotage` plants defects and wants to see the scenarios turn red; `long` takes more
 * minutes than `npm run check` has: `npm run long` runs it.
 * Run one of them with: npx vitest run --config vitest.lab.config.ts --project lab PATH
 */
const common = {
  pool: 'forks',
  fileParallelism: false,
  maxWorkers: 1,
  testTimeout: 10 * 60_000,
  hookTimeout: 10 * 60_000,
  teardownTimeout: 2 * 60_000,
} as const

const ours = '{lib,lab,fixtures,bench}/**'

export default defineConfig({
  test: {
    ...common,
    projects: [
      {
        test: {
          ...common,
          name: 'lab',
          include: [`${ours}/*.lab.test.ts`],
          exclude: ['**/node_modules/**', '**/*.{sabotage,long}.lab.test.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'long',
          include: [`${ours}/*.long.lab.test.ts`],
          exclude: ['**/node_modules/**'],
        },
      },
      {
        test: {
          ...common,
          name: 'sabotage',
          include: [`${ours}/*.sabotage.lab.test.ts`],
          exclude: ['**/node_modules/**'],
        },
      },
    ],
  },
})
