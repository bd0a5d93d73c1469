import type { OperationRecord } from '../model/operation.ts'
import type { Judgement } from '../model/verdict.ts'
import { checkDurability, type DurabilityEvidence } from './durability.ts'
import { findingsOf, judge, seconds } from './findings.ts'

export interface BankOptions {
  /** By how much any client's clock may be off the common one. */
  readonly clockUncertaintyNs: number
  /** The accounts of each bank. */
  readonly accounts: readonly string[]
  /** What each account was opened with. */
  readonly opening: number
  /** With fewer acknowledged transfers the verdict is unknown; default 1. */
  readonly minAcknowledged?: number
  /** See `DurabilityOptions.readsMayLag`. */
  readonly readsMayLag?: boolean
}

/** What can be wrong with a snapshot of a bank. */
export type BankAnomaly = 'partial' | 'total' | 'negative' | 'unbooked'

export type BankEvidence = {
  readonly counts: Readonly<
    Record<'transfers' | 'acknowledged' | 'snapshots' | BankAnomaly, number>
  >
  /** What became of the transfers, by the ledgers. */
  readonly ledger: DurabilityEvidence
  readonly details: readonly string[]
}

/**
 * Whether money is neither made nor lost, whatever is read when: after Jepsen's bank workload
 * (jepsen/src/jepsen/tests/bank.clj), with a ledger that every transfer is booked in by its own
 * transaction, so that each account can be checked by itself. Of each snapshot of a bank:
 * - partial: not each of its accounts is in it once, and no other
 * - total: its balances don't add up to what the accounts were opened with: a transfer is seen half,
 *   or an update was lost
 * - negative: an account is overdrawn, which no transfer does
 * - unbooked: a balance is not what the account was opened with and the ledger of the same snapshot
 *   has for it: an update was lost, or one was kept whose transfer was not, whatever the total says
 *
 * And of the ledgers what `checkDurability` says of sets: a transfer that was acknowledged is in them,
 * and one that was refused isn't. Replicas may show an old snapshot, but no wrong one. Linear in the
 * size of the history, but for sorting the reads of ledgers.
 */
export function checkBank(
  history: Iterable<OperationRecord>,
  options: BankOptions,
): Judgement<BankEvidence> {
  const { clockUncertaintyNs, minAcknowledged = 1, readsMayLag = false } = options
  const records = [...history]
  const snapshots = records.filter(({ kind, outcome }) => kind === 'read-bank' && outcome === 'ok')
  const anomalies: Record<BankAnomaly, string[]> = {
    partial: [],
    total: [],
    negative: [],
    unbooked: [],
  }
  for (const snapshot of snapshots) {
    for (const [kind, what] of anomaliesOf(snapshot, options)) {
      anomalies[kind].push(`${told(snapshot)} ${what}`)
    }
  }
  const ledger = checkDurability(records.flatMap(asInsertOrRead), {
    clockUncertaintyNs,
    minAcknowledged,
    readsMayLag,
  })
  const { partial, total, negative, unbooked } = anomalies
  const many = (list: readonly string[], what: string): string =>
    `${list.length} of ${snapshots.length} snapshots ${what}`
  const { attempted, acknowledged } = ledger.evidence.counts
  const wrong = [
    ...findingsOf(partial, many(partial, 'without exactly the accounts'), String),
    ...findingsOf(total, many(total, 'with another total'), String),
    ...findingsOf(negative, many(negative, 'with an overdrawn account'), String),
    ...findingsOf(unbooked, many(unbooked, 'that are not what was booked'), String),
    ...(ledger.verdict === 'false'
      ? [{ headline: 'Transfers', details: [ledger.summary, ...ledger.evidence.details] }]
      : []),
  ]
  const unknown = [
    ...(snapshots.length === 0 ? ['No bank was read.'] : []),
    ...(ledger.verdict === 'unknown' ? [`Transfers: ${ledger.summary}`] : []),
  ]
  const summary =
    `All ${acknowledged} acknowledged transfers of ${attempted} are booked, and each of ` +
    `${snapshots.length} snapshots has the same total and every balance that its ledger says.`
  return judge(wrong, unknown, summary, {
    counts: {
      transfers: attempted,
      acknowledged,
      snapshots: snapshots.length,
      partial: partial.length,
      total: total.length,
      negative: negative.length,
      unbooked: unbooked.length,
    },
    ledger: ledger.evidence,
  })
}

function anomaliesOf(
  { found = [] }: OperationRecord,
  { accounts, opening }: BankOptions,
): (readonly [BankAnomaly, string])[] {
  const names = found.map(({ value }) => value).toSorted()
  if (names.join() !== accounts.toSorted().join()) {
    return [['partial', `has the accounts ${names.join(', ') || 'of nobody'}.`]]
  }
  const anomalies: [BankAnomaly, string][] = []
  const total = found.reduce((sum, { balance = Number.NaN }) => sum + balance, 0)
  const expected = accounts.length * opening
  if (total !== expected) anomalies.push(['total', `adds up to ${total}, not to ${expected}.`])
  const overdrawn = found.find(({ balance = 0 }) => balance < 0)
  if (overdrawn) {
    anomalies.push(['negative', `has ${overdrawn.balance ?? ''} on ${overdrawn.value}.`])
  }
  const wrong = found.find(({ balance, booked = 0 }) => balance !== opening + booked)
  if (wrong) {
    const { value, balance, booked = 0 } = wrong
    anomalies.push([
      'unbooked',
      `has ${balance ?? 'nothing'} on ${value}, of which ${opening + booked} is booked.`,
    ])
  }
  return anomalies
}

/** A ledger is a set of transfers. */
function asInsertOrRead(record: OperationRecord): OperationRecord[] {
  if (record.kind === 'transfer') return [{ ...record, kind: 'insert' }]
  return record.kind === 'read-ledger' ? [{ ...record, kind: 'read-set' }] : []
}

function told({ key, process, zone, sentNs, doneNs, coordinator }: OperationRecord): string {
  const by = coordinator === undefined ? '' : `, served by ${coordinator},`
  return `The read of ${key} by ${process} in ${zone} from ${seconds(sentNs)} to ${seconds(doneNs)}${by}`
}
