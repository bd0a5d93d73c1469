import { defineConfig } from 'vitest/config'

/**
 * Tests that need root and a booted lab, two files at a time: most of what they do is wait, and each
 * has a lab with a name of its own. Rings are heavier, so of the others one runs at a time.
 * `sabotage` plants defects and wants to see the scenarios turn red; `long` takes more
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
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          include: [`${ours}/*.lab.test.ts`],
          exclude: ['**/node_modules/**', '**/*.{sabotage,long}.lab.test.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'long',
          sequence: { groupOrder: 1 },
          include: [`${ours}/*.long.lab.test.ts`],
          exclude: ['**/node_modules/**'],
        },
      },
      {
        test: {
          ...common,
          name: 'sabotage',
          sequence: { groupOrder: 1 },
          include: [`${ours}/*.sabotage.lab.test.ts`],
          exclude: ['**/node_modules/**'],
        },
      },
    ],
  },
})
