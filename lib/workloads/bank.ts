import type { Client, PlannedOperation, Schedule } from '../model/operation.ts'
import { seededRandom } from '../std/random.ts'
import { drawLatest, dueTimesNs, NS_PER_MS } from './pace.ts'
import {
  finalReads,
  type LastReadOptions,
  pickNewestOrOlder,
  type Series,
  type SeriesOptions,
  seriesSchedules,
} from './series.ts'

export interface BankOptions extends SeriesOptions {
  /** For how long money is moved in the same bank, before the next one opens. */
  readonly bankSpanMs?: number
}

const DEFAULT_READ_SHARE = 0.2
/** A bank's ledger is added up by each read of it, so that it must not grow for ever. */
const DEFAULT_BANK_SPAN_MS = 20_000
/** Of every bank. Few, so that transfers meet. */
export const BANK_ACCOUNTS: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f']
/** Of each account. Little, so that accounts run empty. */
export const OPENING_BALANCE = 100
const MAX_AMOUNT = 40

const BANKS: Series<BankOptions> = {
  workload: 'bank',
  load: bankLoad,
  reads: (options, untilMs) =>
    bankNames({ ...options, durationMs: untilMs }).flatMap((key) => [
      { kind: 'read-bank', key },
      { kind: 'read-ledger', key },
    ]),
}

/** The banks that a load of these options will use: they are there before it begins. */
export function bankNames(
  options: Pick<BankOptions, 'name' | 'bankSpanMs' | 'durationMs'>,
): string[] {
  const { durationMs, bankSpanMs = DEFAULT_BANK_SPAN_MS } = options
  return Array.from({ length: Math.ceil(durationMs / bankSpanMs) }, (_, i) => bankName(options, i))
}

/**
 * Moves money between the accounts of a bank, and reads now and then what all have: half of the reads
 * look at the bank that money is moved in, half at an older one. All clients move money in the same
 * banks, so that transfers meet. At the end each client reads each bank and its ledger. After
 * Jepsen's bank workload (jepsen/src/jepsen/tests/bank.clj), split over time, with a ledger.
 */
export function bankSchedules(options: BankOptions): Schedule[] {
  return seriesSchedules(BANKS, options)
}

/** A read of each bank and each ledger by each client: see `finalReads`. */
export function finalBankReads(options: BankOptions & LastReadOptions): Schedule[] {
  return finalReads(BANKS, options)
}

function bankLoad(options: BankOptions, client: Client): PlannedOperation[] {
  const { seed, readShare = DEFAULT_READ_SHARE, bankSpanMs = DEFAULT_BANK_SPAN_MS } = options
  const random = seededRandom(`${seed}/bank/${client.process}`)
  return dueTimesNs(options, client).map((dueNs, index): PlannedOperation => {
    const bank = Math.floor(dueNs / (bankSpanMs * NS_PER_MS))
    if (random.next() < readShare) {
      const key = bankName(options, pickNewestOrOlder(random, bank))
      return { index, kind: 'read-bank', key, ...drawLatest(options, random), dueNs }
    }
    const [from = '', to = ''] = random.shuffle(BANK_ACCOUNTS)
    return {
      index,
      kind: 'transfer',
      key: bankName(options, bank),
      value: `${client.process}-${index}`,
      transfer: { from, to, amount: 1 + random.int(MAX_AMOUNT) },
      dueNs,
    }
  })
}

function bankName({ name = BANKS.workload }: Pick<BankOptions, 'name'>, bank: number): string {
  return `${name}-${bank}`
}
