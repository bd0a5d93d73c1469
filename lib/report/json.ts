import { countOutcomes, type OutcomeCounts, type RunSummary } from '../model/summary.ts'
import { safeJson } from './text.ts'

/**
 * Version of `report.json`. It goes up when a field changes its meaning or goes away; fields may be
 * added without. Readers refuse a version that they don't know.
 */
const REPORT_VERSION = 1

/** What `report.json` holds. */
export interface ReportJson extends RunSummary {
  readonly schema: 'zonefall-report'
  readonly version: typeof REPORT_VERSION
  readonly counts: OutcomeCounts
}

/** The run as data for other programs; the fields are those of `RunSummary` (lib/model/summary.ts). */
export function toReportJson(summary: RunSummary): string {
  const report: ReportJson = {
    schema: 'zonefall-report',
    version: REPORT_VERSION,
    counts: countOutcomes(summary.results),
    ...summary,
  }
  return `${safeJson(report, 2)}\n`
}
