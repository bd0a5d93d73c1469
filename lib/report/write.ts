import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RunSummary } from '../model/summary.ts'
import { syncDirectory, writeFileAtomic } from '../std/atomic-file.ts'
import { redactData } from '../std/redact.ts'
import { toHtml } from './html.ts'
import { toReportJson } from './json.ts'
import { toJunitXml } from './junit.ts'
import { readTimeline } from './records.ts'

/** The three reports, in the order in which they are written: what CI reads comes first. */
const REPORT_FILES = ['junit.xml', 'report.json', 'report.html'] as const

/**
 * Writes `junit.xml`, `report.json` and `report.html` into the run's folder and lets `latest` beside
 * it point there. Each file is complete or absent. One that can't be written does not keep the
 * others from it.
 *
 * Secrets (of `target.aws`, of this process's environment, and what else is named) are hidden.
 *
 * @throws AggregateError when a file could not be written; it names each.
 */
export async function writeReports(
  dir: string,
  summary: RunSummary,
  options: {
    readonly secrets?: readonly string[]
    /** Default true; false for a run that is not the newest. */
    readonly latest?: boolean
  } = {},
): Promise<void> {
  const secrets = [...secretsOf(summary, process.env), ...(options.secrets ?? [])]
  const safe = redactData(withoutKeys(summary), secrets)
  const errors: Error[] = []
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      errors.push(new Error(`${join(dir, name)} could not be written: ${why}`, { cause: error }))
    }
  }
  await mkdir(dir, { recursive: true })
  const [junit, json, page] = REPORT_FILES
  await attempt(junit, () => writeFileAtomic(join(dir, junit), toJunitXml(safe)))
  await attempt(json, () => writeFileAtomic(join(dir, json), toReportJson(safe)))
  await attempt(page, () =>
    writeFileAtomic(
      join(dir, page),
      toHtml(safe, redactData(readTimeline(join(dir, safe.timelineFile)), secrets)),
    ),
  )
  if (options.latest !== false) await attempt('../latest', () => pointLatestAt(dir))
  if (errors.length > 0) {
    throw new AggregateError(errors, errors.map((error) => error.message).join('; '))
  }
}

/** Lets `latest` beside a run's folder point to it; the link is never missing in between. */
export async function pointLatestAt(dir: string): Promise<void> {
  const parent = dirname(dir)
  const beside = join(parent, `.latest.${randomBytes(4).toString('hex')}.tmp`)
  try {
    await symlink(basename(dir), beside)
    await rename(beside, join(parent, 'latest'))
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncDirectory(parent)
}

function withoutKeys(summary: RunSummary): RunSummary {
  const { aws, ...target } = summary.target
  if (aws === undefined) return summary
  const { accessKeyId: _id, secretAccessKey: _secret, ...access } = aws
  return { ...summary, target: { ...target, aws: access } }
}

const SECRET_VARIABLE = /(SECRET|PASSWORD|PASSWD|TOKEN|ACCESS_KEY|API_?KEY|CREDENTIALS?)(_|$)/i

/** Values that must not show up anywhere in a report. */
function secretsOf(summary: RunSummary, environment: NodeJS.ProcessEnv): string[] {
  const { aws } = summary.target
  const variables = Object.entries(environment)
    .filter(([name]) => SECRET_VARIABLE.test(name))
    .map(([, value]) => value ?? '')
  return [aws?.accessKeyId ?? '', aws?.secretAccessKey ?? '', ...variables]
}
