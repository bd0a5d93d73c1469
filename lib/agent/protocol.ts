import { z } from 'zod'
import { operationAccess } from '../databases/operation-client.ts'
import type { OperationRecord } from '../model/operation.ts'

/**
 * What the harness and its agents say to each other: HTTP on one port of the agent's pod, by the
 * API server's proxy, or where that can't reach it by `node agent.mjs ctl` in the pod, which passes
 * on a CtlRequest from each line of its input and answers each with a line.
 *
 *     POST /piece?of=DIGEST&index=N   a part of a schedule's text, gzip and base64
 *     POST /load                      LoadRequest; the schedule is durable when it is answered
 *     POST /start                     StartRequest; answers the status
 *     POST /stop                      nothing more is sent; operations under way are waited for
 *     GET  /clock                     ClockReading
 *     GET  /report?after=N            the status in the first line, then chunks, a line each
 *
 * All times are nanoseconds on the clock of the agent's incarnation, which starts with its process
 * and never jumps; records count from the workload's start.
 */
export const AGENT_PORT = 8099

/** Marks what the agent itself answered, as opposed to a proxy on the way. */
export const AGENT_HEADER = 'x-zonefall-agent'

/** How much of a schedule travels in one request, packed. */
export const PIECE_CHARACTERS = 256 * 1024

export const ctlRequest = z.object({
  method: z.enum(['GET', 'POST']),
  path: z.string(),
  body: z.string().optional(),
})

/** Status 0: the agent did not answer; `text` says why. */
export const ctlAnswer = z.object({ status: z.int(), text: z.string() })
export type CtlAnswer = z.infer<typeof ctlAnswer>

export const loadRequest = z.object({
  /** SHA-256 of the schedule's text, in hexadecimal. */
  digest: z.string(),
  pieces: z.int().min(1),
  database: operationAccess,
})
export type LoadRequest = z.infer<typeof loadRequest>

export const startRequest = z.object({ startClockNs: z.number() })

export const clockReading = z.object({ incarnation: z.int(), clockNs: z.number() })
export type ClockReading = z.infer<typeof clockReading>

const counts = z.object({ ok: z.int(), fail: z.int(), info: z.int() })

/** One client of an agent: a process with its schedule. */
const clientStatus = z.object({
  process: z.string(),
  operations: z.int(),
  /** Due time of the next operation that was not sent; absent when all were. */
  nextDueNs: z.number().optional(),
  counts,
  inFlight: z.int(),
})
export type ClientStatus = z.infer<typeof clientStatus>

export const agentStatus = z.object({
  /** Counts the starts of the agent's process, from 1. */
  incarnation: z.int(),
  phase: z.enum(['empty', 'loaded', 'running', 'stopping', 'stopped', 'broken']),
  clockNs: z.number(),
  /** When the workload's time is 0, on this incarnation's clock. */
  startClockNs: z.number().optional(),
  clients: z.array(clientStatus),
  /** Number of the newest chunk that is durable; 0 before the first. */
  lastChunk: z.int(),
  /** Why it is broken. */
  trouble: z.string().optional(),
})
export type AgentStatus = z.infer<typeof agentStatus>

const foundValue = z.object({
  value: z.string(),
  writtenMicros: z.number().exactOptional(),
  balance: z.number().exactOptional(),
  booked: z.number().exactOptional(),
})

const operationRecord: z.ZodType<OperationRecord> = z.object({
  index: z.int(),
  kind: z.enum(['insert', 'read-set', 'read', 'write', 'transfer', 'read-bank', 'read-ledger']),
  key: z.string(),
  value: z.string().exactOptional(),
  transfer: z.object({ from: z.string(), to: z.string(), amount: z.number() }).exactOptional(),
  timestampMicros: z.number().exactOptional(),
  latest: z.literal(true).exactOptional(),
  dueNs: z.number(),
  process: z.string(),
  zone: z.string(),
  sentNs: z.number(),
  doneNs: z.number(),
  outcome: z.enum(['ok', 'fail', 'info']),
  error: z.string().exactOptional(),
  found: z.array(foundValue).exactOptional(),
  coordinator: z.string().exactOptional(),
})

/** Records that became durable together. Numbers rise by one over all incarnations. */
export const chunk = z.object({
  chunk: z.int(),
  incarnation: z.int(),
  /** When the workload's time is 0, on that incarnation's clock. */
  startClockNs: z.number(),
  records: z.array(operationRecord),
})
export type Chunk = z.infer<typeof chunk>
