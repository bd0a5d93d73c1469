import { z } from 'zod'
import { FAULT_PHASES, type FaultNumbers } from '../model/fault-numbers.ts'
import type { BarChart, ScenarioResult } from '../model/scenario.ts'
import type { Stage } from '../model/stage.ts'
import type { RunSummary } from '../model/summary.ts'
import { CAPABILITIES, type TargetDescription } from '../model/target.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import { readNdjson } from '../std/ndjson.ts'

/**
 * The forms of what a report is made from when it is made later: a past run's files, perhaps of
 * another version. What is not needed for a report is not asked for.
 */

const strings = z.array(z.string())
const data = z.record(z.string(), z.unknown())

const numbersSchema: z.ZodType<FaultNumbers> = z.object({
  startedAtMs: z.number(),
  phases: z.array(
    z.object({
      phase: z.enum(FAULT_PHASES),
      atMs: z.number(),
      lastMs: z.number().exactOptional(),
      deltaMs: z.number(),
      evidence: z.string(),
    }),
  ),
  zones: z.array(
    z.object({
      zone: z.string(),
      due: z.number(),
      ok: z.number(),
      fail: z.number(),
      info: z.number(),
      longestGapMs: z.number(),
      firstFailureMs: z.number().exactOptional(),
      rtoMs: z.number().exactOptional(),
      servedAgainMs: z.number().exactOptional(),
      p99Ms: z.number().exactOptional(),
      p99BeforeMs: z.number().exactOptional(),
      clockUncertaintyMs: z.number(),
    }),
  ),
  rtoMs: z.number().exactOptional(),
  rpo: z.object({ acknowledged: z.number(), lost: z.number(), lostMs: z.number() }).exactOptional(),
})

const chartSchema: z.ZodType<BarChart> = z.object({
  title: z.string(),
  bars: z.array(
    z.object({
      label: z.string(),
      value: z.number(),
      text: z.string(),
      isReference: z.literal(true).exactOptional(),
    }),
  ),
})

export const resultSchema: z.ZodType<ScenarioResult> = z.object({
  id: z.string(),
  file: z.string(),
  claim: z.string(),
  tags: strings,
  outcome: z.enum(['pass', 'fail', 'unknown', 'skipped']),
  errorClass: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  hint: z.string().exactOptional(),
  stack: z.string().exactOptional(),
  foreign: z.literal(true).exactOptional(),
  evidence: z.array(
    z.object({
      check: z.string(),
      verdict: z.enum(['true', 'false', 'unknown']),
      summary: z.string(),
      data: data.exactOptional(),
      chart: chartSchema.exactOptional(),
    }),
  ),
  numbers: z.array(numbersSchema).exactOptional(),
  startedAtMs: z.number(),
  durationMs: z.number(),
})

/** Another version had others, which mean nothing any more. */
export const capabilitiesSchema = z
  .array(z.string())
  .transform((words) => CAPABILITIES.filter((capability) => words.includes(capability)))

/** How AWS is reached, but for keys. */
export const awsShape = {
  region: z.string(),
  endpoint: z.string().exactOptional(),
  profile: z.string().exactOptional(),
}

/** A target's fields but for `aws`. */
export const targetShape = {
  kind: z.enum(['lab', 'eks', 'kubeconfig']),
  kubeconfig: z.string(),
  context: z.string(),
  namespace: z.string(),
  zones: z.array(
    z.object({
      name: z.string(),
      nodes: z.array(z.object({ name: z.string(), instanceId: z.string().exactOptional() })),
    }),
  ),
  capabilities: capabilitiesSchema,
  images: z.array(z.object({ name: z.string(), standsBehind: z.string() })),
  differences: strings,
  kubernetesVersion: z.string(),
  pulls: z
    .object({ mirror: z.string().exactOptional(), pullSecret: z.string().exactOptional() })
    .exactOptional(),
  scope: z.object({ nodeGroups: strings, maxBlastRadius: z.number() }).exactOptional(),
  legacy: z
    .object({
      instances: strings,
      onInstance: z.string(),
      restart: z.string(),
      data: z.string(),
    })
    .exactOptional(),
}

/** Keys of `aws` are not read: a report has no use for them. */
const targetSchema: z.ZodType<TargetDescription> = z.object({
  ...targetShape,
  aws: z.object(awsShape).exactOptional(),
})

export const tierSchema = z.enum(['smoke', 'nightly', 'full'])

/** `report.json` but for what is derived from the rest. */
export const summarySchema: z.ZodType<RunSummary> = z.object({
  runId: z.string(),
  startedAt: z.string(),
  durationMs: z.number(),
  machine: z
    .object({ cores: z.int(), memoryGib: z.number(), system: z.string(), load: z.number() })
    .exactOptional(),
  target: targetSchema,
  seed: z.string(),
  sabotage: z.string().exactOptional(),
  tier: tierSchema,
  results: z.array(resultSchema),
  leaks: strings,
  undoErrors: strings,
  harnessErrors: strings,
  exitCode: z.literal([0, 1, 2, 3, 4, 5, 130, 143]),
  verdictText: z.string(),
  interruptedBy: z.enum(['SIGINT', 'SIGTERM', 'time-limit']).exactOptional(),
  timelineFile: z.string(),
  journalFile: z.string(),
  logFiles: strings,
})

export const stageSchema: z.ZodType<Stage> = z.object({
  atOnce: z.int().min(1),
  files: z.array(z.object({ file: z.string(), namespace: z.string() })),
})

/** What a report needs of `run.json`. */
export const runFileSchema = z.object({
  runId: z.string(),
  startedAt: z.string(),
  seed: z.string(),
  target: targetSchema,
  options: z.object({ tier: tierSchema }),
  selected: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      claim: z.string(),
      options: z.object({ tags: strings }),
    }),
  ),
  stages: z.array(stageSchema).exactOptional(),
  supervisor: z.object({ pid: z.int(), startTicks: z.string(), bootId: z.string() }),
})

/** What a report needs of a line of the journal. */
export const journalSchema = z.object({
  step: z.enum(['intent', 'changed', 'refused', 'uncertain', 'undone', 'undo-failed']),
  id: z.string(),
  action: z.string().exactOptional(),
  error: z.string().exactOptional(),
  undo: z.object({ kind: z.string() }).exactOptional(),
})

export const eventSchema: z.ZodType<TimelineEvent> = z.object({
  atMs: z.number(),
  source: z.enum(['supervisor', 'scenario', 'kubernetes', 'ec2', 'lab', 'agent']),
  kind: z.string(),
  scenario: z.string().exactOptional(),
  file: z.string().exactOptional(),
  subject: z.string().exactOptional(),
  text: z.string().exactOptional(),
  data: data.exactOptional(),
})

/** The events of a `timeline.ndjson`; lines of another form are left out, an absent file has none. */
export function readTimeline(path: string): TimelineEvent[] {
  return readLines(path, eventSchema)
}

/** The lines of a file that have a form; of the others a report could say nothing. */
export function readLines<T>(path: string, schema: z.ZodType<T>): T[] {
  return readNdjson(path, (line) => schema.safeParse(line)).records.flatMap((line) =>
    line.success ? [line.data] : [],
  )
}
