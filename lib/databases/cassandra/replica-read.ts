import { InconclusiveError } from '../../model/errors.ts'
import type { PodSession, Row } from './pod-session.ts'
import { notServedBy, readTrace } from './trace.ts'

/** What a replica itself answered, and how that was proven. */
export interface ReplicaRead {
  readonly rows: readonly Row[]
  readonly traceId: string
  /** How often it had to be asked until it served the read itself. */
  readonly asked: number
}

/** How often a read is asked again that another node served. */
const MAX_ASKED = 20
/** How many traces may fail to come before no more are waited for. */
const MAX_UNTRACED = 3

/**
 * Reads a partition at ONE from one replica's own storage. A coordinator may have another replica
 * serve the read (dynamic snitch), so the trace must prove that this one did; else it is asked again.
 *
 * @param address of the node that the session is with
 * @returns undefined when no trace proved that this node served the read, which says nothing about
 *   the rows: traces may be lost, and a coordinator may go on asking others
 */
export async function readOnReplica(
  session: PodSession,
  address: string,
  statement: string,
  parameters: readonly unknown[],
): Promise<ReplicaRead | undefined> {
  let untraced = 0
  for (let asked = 1; asked <= MAX_ASKED; asked += 1) {
    const { rows, traceId } = await session.execute(statement, parameters, {
      consistency: 'ONE',
      trace: true,
    })
    if (traceId === undefined) {
      throw new InconclusiveError(`The node of pod ${session.pod} traces no requests.`)
    }
    const trace = await readTrace(session, traceId)
    if (!trace) {
      untraced += 1
      if (untraced === MAX_UNTRACED) return undefined
      continue
    }
    if (notServedBy(trace, address).length === 0) return { rows, traceId, asked }
  }
  return undefined
}
