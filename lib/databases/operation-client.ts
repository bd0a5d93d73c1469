import { z } from 'zod'
import type { OperationAnswer, PlannedOperation } from '../model/operation.ts'
import { CassandraOperationClient, cassandraAccess } from './cassandra/operation-client.ts'
import { MySqlOperationClient, mysqlAccess } from './mysql/operation-client.ts'

/** How clients reach a database, and what they ask of it. */
export const operationAccess = z.discriminatedUnion('system', [
  cassandraAccess.extend({ system: z.literal('cassandra') }),
  mysqlAccess.extend({ system: z.literal('mysql') }),
])
export type OperationAccess = z.infer<typeof operationAccess>

/** Runs the operations of workloads as an application would, only that it hides nothing. */
export interface OperationClient {
  /** Connects ahead of the first operation; each operation tries again if this fails. */
  connect(): Promise<void>
  /** Does one operation and says how it ended; never throws. */
  run(operation: PlannedOperation): Promise<OperationAnswer>
  close(): Promise<void>
}

/** A client of a database; nothing is sent yet. */
export function openOperationClient(access: OperationAccess): OperationClient {
  return access.system === 'mysql'
    ? new MySqlOperationClient(access)
    : new CassandraOperationClient(access)
}
