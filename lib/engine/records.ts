import { z } from 'zod'
import type { DatabaseAccess } from '../model/database-access.ts'
import type { JournalEntry } from '../model/journal.ts'
import { FAULT_NAMES, type ScenarioInfo } from '../model/scenario.ts'
import type { TargetDescription } from '../model/target.ts'
import {
  awsShape,
  capabilitiesSchema,
  stageSchema,
  targetShape,
  tierSchema,
} from '../report/records.ts'
import type { ProcessIdentity } from '../std/process-identity.ts'
import { undoSchema } from './undo-schema.ts'

/**
 * The forms of what the processes of a run read from one another's files. They are input from
 * outside: another version, or an editor, may have written them.
 */

const step = { id: z.string(), at: z.string() }

export const journalEntrySchema: z.ZodType<JournalEntry> = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('intent'),
    ...step,
    scenario: z.string(),
    scope: z.enum(['scenario', 'file']),
    action: z.string(),
    undo: undoSchema,
  }),
  z.object({ step: z.literal('changed'), ...step, uid: z.string().exactOptional() }),
  z.object({ step: z.literal('refused'), ...step, error: z.string() }),
  z.object({ step: z.literal('uncertain'), ...step, error: z.string() }),
  z.object({ step: z.literal('undone'), ...step }),
  z.object({ step: z.literal('undo-failed'), ...step, error: z.string() }),
])

/** With the keys of the lab's own account, which faults need and a report has no use for. */
const targetSchema: z.ZodType<TargetDescription> = z.object({
  ...targetShape,
  aws: z
    .object({
      ...awsShape,
      accessKeyId: z.string().exactOptional(),
      secretAccessKey: z.string().exactOptional(),
      answersBehindMs: z.number().exactOptional(),
    })
    .exactOptional(),
})

const scenarioInfoSchema: z.ZodType<ScenarioInfo> = z.object({
  id: z.string(),
  file: z.string(),
  claim: z.string(),
  options: z.object({
    tags: z.array(z.string()),
    tier: tierSchema.exactOptional(),
    needs: z
      .object({
        zones: z.int().exactOptional(),
        nodesPerZone: z.int().exactOptional(),
        capabilities: capabilitiesSchema.exactOptional(),
      })
      .exactOptional(),
    faults: z.array(z.enum(FAULT_NAMES)).exactOptional(),
    typicalSeconds: z.number().exactOptional(),
  }),
})

/** Names of Secrets and of their keys; what they hold is read where it is used. */
const databaseAccessSchema: z.ZodType<DatabaseAccess> = z.object({
  credentials: z
    .object({
      secret: z.string(),
      username: z.string().exactOptional(),
      usernameKey: z.string(),
      passwordKey: z.string(),
    })
    .exactOptional(),
  tls: z
    .object({
      secret: z.string(),
      caKey: z.string(),
      certKey: z.string().exactOptional(),
      keyKey: z.string().exactOptional(),
      serverName: z.string().exactOptional(),
    })
    .exactOptional(),
})

/** What a person chose for a run; the rest of `run.json` is found out. */
export const runOptionsSchema = z.object({
  tier: tierSchema,
  /** Keep what was deployed, and the lab if this run started it; heal faults all the same. */
  keep: z.boolean(),
  /** Folder or file of manifests by the name they stand in for: `{ cassandra: '/path' }`. */
  manifests: z.record(z.string(), z.string()),
  /** How databases want to be spoken to, by the name that their manifests stand in for. */
  access: z.record(z.string(), databaseAccessSchema).exactOptional(),
  /** Tags whose skipped scenarios count as unknown. */
  require: z.array(z.string()),
  /** The supervisor's bound on all scenarios together; milliseconds. */
  timeLimitMs: z.number().exactOptional(),
  /** At most so many files of scenarios at once; absent: what the target has room for. */
  parallel: z.int().min(1).exactOptional(),
  /** The planted defect that ZONEFALL_SABOTAGE names: what such a run finds proves its checks. */
  sabotage: z.string().exactOptional(),
})
export type RunOptions = z.infer<typeof runOptionsSchema>

/** State by kind and name, as a person would list it: see `takeProjection`. */
const projectionSchema = z.record(z.string(), z.record(z.string(), z.string()))
export type Projection = z.infer<typeof projectionSchema>

export const processIdentitySchema: z.ZodType<ProcessIdentity> = z.object({
  pid: z.int(),
  startTicks: z.string(),
  bootId: z.string(),
})

/** `run.json`. */
export const runFileSchema = z.object({
  format: z.literal(1),
  runId: z.string(),
  startedAt: z.string(),
  startedAtEpochMs: z.number(),
  seed: z.string(),
  target: targetSchema,
  options: runOptionsSchema,
  /** The scenarios that were chosen, in order. */
  selected: z.array(scenarioInfoSchema),
  /** Which files run when, and where; absent: one after another, in the target's namespace. */
  stages: z.array(stageSchema).exactOptional(),
  /** Who supervises: a pid alone may be somebody else's by now. */
  supervisor: processIdentitySchema,
  /** UID of the namespace kube-system: tells whether a cluster is still the same one. */
  clusterUid: z.string(),
  /** What two runs must not share: see `Target.lockKey`. */
  lockKey: z.string(),
  before: projectionSchema,
})
export type RunFile = z.infer<typeof runFileSchema>
