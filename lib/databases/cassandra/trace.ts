import { poll, WaitTimeoutError } from '../../std/poll.ts'
import type { PodSession } from './pod-session.ts'

/** A request as the server wrote it down; `sources` are the nodes that said something. */
export interface Trace {
  readonly coordinator: string
  readonly events: readonly { readonly source: string; readonly activity: string }[]
}

/** How long a trace may take to be written: it is done after the answer, at leisure. */
const TRACE_MS = 10_000

/** Said by a node when it reads a partition from its own memtables and files. */
const LOCAL_READ = /^Executing single-partition query on /
/** Said by a coordinator when it asks another node. */
const ASKS_OTHERS = /^(reading (data|digest) from |Sending READ\w* message to )/i

/** Waits for the trace of a request; undefined when it isn't complete in time. */
export async function readTrace(session: PodSession, traceId: string): Promise<Trace | undefined> {
  // Ids of traces are the server's own, and a UUID needs no quoting.
  if (!/^[0-9a-f-]{36}$/.test(traceId)) return undefined
  try {
    return await poll(
      { what: `trace ${traceId}`, budget: 'cqlQuery', budgetMs: TRACE_MS, intervalMs: 50 },
      async () => {
        const { rows } = await session.execute(
          `SELECT coordinator, duration FROM system_traces.sessions WHERE session_id = ${traceId}`,
          [],
          { consistency: 'ONE' },
        )
        const [row] = rows
        if (row?.['duration'] === null || row?.['duration'] === undefined) {
          return { done: false, seen: 'no end of the request' }
        }
        const { rows: events } = await session.execute(
          `SELECT activity, source FROM system_traces.events WHERE session_id = ${traceId}`,
          [],
          { consistency: 'ONE' },
        )
        const trace: Trace = {
          coordinator: String(row['coordinator']),
          events: events.map((event) => ({
            source: String(event['source']),
            activity: String(event['activity']),
          })),
        }
        const hasRead = trace.events.some(({ activity }) => LOCAL_READ.test(activity))
        return hasRead ? { done: true, value: trace } : { done: false, seen: 'no read in it' }
      },
    )
  } catch (error) {
    if (error instanceof WaitTimeoutError) return undefined
    throw error
  }
}

/**
 * Whether a trace proves that a read was served by one node and no other: it coordinated, read from
 * its own storage, asked nobody, and nobody else took part.
 *
 * @returns what speaks against it; empty when it is proven
 */
export function notServedBy(trace: Trace, address: string): string[] {
  const against: string[] = []
  if (trace.coordinator !== address) against.push(`Coordinated by ${trace.coordinator}.`)
  const readers = new Set(
    trace.events.filter(({ activity }) => LOCAL_READ.test(activity)).map(({ source }) => source),
  )
  if (!readers.has(address)) against.push(`Not read from the storage of ${address}.`)
  const others = new Set(trace.events.map(({ source }) => source).filter((s) => s !== address))
  for (const other of others) against.push(`${other} took part.`)
  const asked = trace.events.find(({ activity }) => ASKS_OTHERS.test(activity))
  if (asked) against.push(`Another node was asked: ${asked.activity}.`)
  return against
}
