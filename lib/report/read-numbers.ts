import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { FaultNumbers } from '../model/fault-numbers.ts'
import type { Evidence } from '../model/scenario.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import { slug } from '../std/ids.ts'
import { type ClientsHistory, faultNumbers } from './fault-numbers.ts'
import type { StoryOf } from './fault-story.ts'
import { readTimeline } from './records.ts'
import type { ServedOperation, ZoneOperations } from './zone-service.ts'

/**
 * The numbers of a scenario's faults, from the files of its run: its timeline, and the histories of
 * the scenario's clients where there are any.
 *
 * @param evidence the scenario's; what a checker found of durability is taken from it
 */
export async function readNumbers(
  dir: string,
  of: StoryOf,
  evidence: readonly Evidence[],
): Promise<FaultNumbers[]> {
  const events = readTimeline(join(dir, 'timeline.ndjson'))
  const own = events.filter(({ scenario }) => scenario === of.scenario)
  if (!own.some(({ kind }) => kind === 'fault.injected')) return []
  const startsAtMs = clientsStart(own)
  const folder = join(dir, 'history', slug(of.scenario))
  if (startsAtMs === undefined || !existsSync(folder)) return faultNumbers(events, of)
  const durability = durabilityOf(evidence, startsAtMs)
  return faultNumbers(events, of, {
    zones: await readZones(folder, startsAtMs),
    ...(durability === undefined ? {} : { durability }),
  })
}

/** When the clients' times are 0, on the run's clock. */
function clientsStart(own: readonly TimelineEvent[]): number | undefined {
  const started = own.findLast(({ kind }) => kind === 'clients.started')
  const startsAtMs = started?.data?.['startsAtMs']
  return typeof startsAtMs === 'number' ? startsAtMs : undefined
}

const clientsSchema = z.object({
  zones: z.array(z.object({ zone: z.string(), uncertaintyNs: z.number() })),
})

async function readZones(folder: string, startsAtMs: number): Promise<ZoneOperations[]> {
  const clients = clientsSchema.safeParse(await readJson(join(folder, 'clients.json')))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).toSorted()
  return Promise.all(
    files.map(async (file): Promise<ZoneOperations> => {
      const zone = basename(file, '.ndjson')
      const known = clients.data?.zones.find((one) => one.zone === zone)
      return {
        zone,
        operations: await readOperations(join(folder, file), startsAtMs),
        clockUncertaintyMs: (known?.uncertaintyNs ?? 0) / 1e6,
      }
    }),
  )
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

const operationSchema = z.object({
  dueNs: z.number(),
  doneNs: z.number(),
  outcome: z.enum(['ok', 'fail', 'info']),
})

/** Line by line, for a history holds all that each read of a set found. */
async function readOperations(path: string, startsAtMs: number): Promise<ServedOperation[]> {
  const operations: ServedOperation[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { data } = operationSchema.safeParse(parse(line))
    if (!data) continue
    operations.push({
      dueMs: startsAtMs + data.dueNs / 1e6,
      doneMs: startsAtMs + data.doneNs / 1e6,
      outcome: data.outcome,
    })
  }
  return operations
}

/** A torn line is no operation. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const durabilitySchema = z.object({
  counts: z.object({ acknowledged: z.number(), lost: z.number() }),
  lostAcknowledged: z
    .object({ count: z.number(), firstAtMs: z.number(), lastAtMs: z.number() })
    .optional(),
})

/** What was found of what clients wrote (lib/checkers/durability.ts), unless it could not be said. */
function durabilityOf(
  evidence: readonly Evidence[],
  startsAtMs: number,
): ClientsHistory['durability'] {
  for (const { verdict, data } of evidence) {
    // Of a bank it stands with its ledger (lib/checkers/bank.ts).
    const found = durabilitySchema.safeParse(data?.['ledger'] ?? data).data
    if (!found || verdict === 'unknown') continue
    const { counts, lostAcknowledged: lost } = found
    return {
      acknowledged: counts.acknowledged,
      lost: lost?.count ?? 0,
      ...(lost
        ? { firstAtMs: startsAtMs + lost.firstAtMs, lastAtMs: startsAtMs + lost.lastAtMs }
        : {}),
    }
  }
  return undefined
}
