import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** How many checks or tests ended how. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 }

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }
}

/** `3 passed, 0 failed, 1 skipped`: the last line of a check; programs read it. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

const reportSchema = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

/** What a vitest run ended with. */
export interface VitestCounts extends Counts {
  /** Full names of the tests that were skipped. */
  readonly skippedTests: readonly string[]
}

/**
 * Counts the tests in the file of vitest's JSON reporter. A file of tests that could not even be
 * loaded counts as one failure; so does a file of counts that is missing or can't be read, because
 * then vitest itself broke.
 */
export function readVitestCounts(path: string): VitestCounts {
  let report: z.infer<typeof reportSchema>
  try {
    report = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return { ...NONE, failed: 1, skippedTests: [] }
  }
  const tests = report.testResults.flatMap((file) => file.assertionResults)
  const failedTests = tests.filter(({ status }) => status === 'failed').length
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed')
  const failed = failedTests + brokenFiles
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: skipped.length,
    skippedTests: skipped.map(({ fullName }) => fullName),
  }
}
