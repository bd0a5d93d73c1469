import type { OperationKind, PlannedOperation, Schedule } from '../model/operation.ts'

const VERSION = 1
const LETTER: Readonly<Record<OperationKind, string>> = {
  insert: 'i',
  'read-set': 's',
  read: 'r',
  write: 'w',
  transfer: 't',
  'read-bank': 'b',
  'read-ledger': 'l',
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a record of all kinds
const KINDS = Object.keys(LETTER) as readonly OperationKind[]
/** Kinds that have a value; a read has none. */
const WRITES: readonly (OperationKind | undefined)[] = ['insert', 'write', 'transfer']

/**
 * A schedule as text: a head, then a line `[kind, index, dueNs, key, value, timestampMicros]` for each
 * operation, without what it doesn't have; the kind of a read of the latest is a capital letter, and a
 * transfer ends with `from, to, amount`. The same schedule gives the same bytes.
 */
export function serialiseSchedule({ workload, process, zone, operations }: Schedule): string {
  const head = { schedule: VERSION, workload, process, zone, operations: operations.length }
  return [head, ...operations.map(toLine)].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/**
 * The schedule in a text.
 *
 * @throws TypeError, naming the line, when it is not one or not a whole one: a client that ran part
 *   of its schedule would leave the rest unproven without a word
 */
export function parseSchedule(text: string): Schedule {
  const [first = '', ...lines] = text.split('\n')
  const { workload, process, zone, count } = toHead(first)
  const operations = lines.slice(0, -1).map((line, i) => toOperation(line, i + 2))
  if (operations.length !== count || lines.at(-1) !== '') {
    throw new TypeError(
      `The schedule of ${process} is torn: ${operations.length} whole lines of ${count} operations.`,
    )
  }
  return { workload, process, zone, operations }
}

function toLine(operation: PlannedOperation): unknown[] {
  const { kind, index, dueNs, key, value, timestampMicros, latest, transfer } = operation
  const line: unknown[] = [latest ? LETTER[kind].toUpperCase() : LETTER[kind], index, dueNs, key]
  if (value !== undefined) line.push(value)
  if (timestampMicros !== undefined) line.push(timestampMicros)
  if (transfer !== undefined) line.push(transfer.from, transfer.to, transfer.amount)
  return line
}

function toHead(line: string): Omit<Schedule, 'operations'> & { readonly count: number } {
  const head = parseLine(line, 1)
  if (
    typeof head === 'object' &&
    head !== null &&
    'schedule' in head &&
    head.schedule === VERSION &&
    'workload' in head &&
    typeof head.workload === 'string' &&
    'process' in head &&
    typeof head.process === 'string' &&
    'zone' in head &&
    typeof head.zone === 'string' &&
    'operations' in head &&
    typeof head.operations === 'number'
  ) {
    const { workload, process, zone, operations } = head
    return { workload, process, zone, count: operations }
  }
  throw new TypeError(`Line 1 is not the head of a schedule of version ${VERSION}: ${line}`)
}

function toOperation(line: string, number: number): PlannedOperation {
  const parsed = parseLine(line, number)
  const [letter, index, dueNs, key, value, ...more]: unknown[] = Array.isArray(parsed) ? parsed : []
  const small = typeof letter === 'string' ? letter.toLowerCase() : undefined
  const kind = KINDS.find((one) => LETTER[one] === small)
  const isLatest = letter !== small
  const writes = WRITES.includes(kind)
  const rest = kind === undefined ? undefined : toRest(kind, more)
  if (
    kind !== undefined &&
    rest !== undefined &&
    !(writes && isLatest) &&
    isCount(index) &&
    isCount(dueNs) &&
    typeof key === 'string' &&
    (writes ? typeof value === 'string' : value === undefined)
  ) {
    return {
      index,
      kind,
      key,
      ...(typeof value === 'string' ? { value } : {}),
      ...rest,
      ...(isLatest ? { latest: true as const } : {}),
      dueNs,
    }
  }
  throw new TypeError(`Line ${number} of the schedule is no operation: ${line}`)
}

/** What follows the value; undefined when it is not what belongs there. */
function toRest(
  kind: OperationKind,
  more: readonly unknown[],
): Pick<PlannedOperation, 'timestampMicros' | 'transfer'> | undefined {
  if (kind === 'transfer') {
    const [from, to, amount] = more
    return typeof from === 'string' &&
      typeof to === 'string' &&
      isCount(amount) &&
      more.length === 3
      ? { transfer: { from, to, amount } }
      : undefined
  }
  const [timestampMicros] = more
  if (more.length === 0) return {}
  return isCount(timestampMicros) && kind === 'write' && more.length === 1
    ? { timestampMicros }
    : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new TypeError(`Line ${number} of the schedule is not JSON: ${line}`, { cause: error })
  }
}
