import { assert, nat, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FoundValue, OperationRecord } from '../model/operation.ts'
import { type Random, seededRandom } from '../std/random.ts'
import { type BankAnomaly, checkBank } from './bank.ts'
import { agree, digits, found, record, Tally } from './testing/records.ts'

const ACCOUNTS = ['a', 'b', 'c']
const OPENING = 20
const options = { clockUncertaintyNs: 0, accounts: ACCOUNTS, opening: OPENING }

const transfer = (value: string, sentNs: number, more: Partial<OperationRecord> = {}) =>
  record({
    kind: 'transfer',
    value,
    transfer: { from: 'a', to: 'b', amount: 5 },
    sentNs,
    doneNs: sentNs + 1,
    ...more,
  })
const snapshot = (balances: readonly (readonly [string, number, number])[], sentNs = 100) =>
  record({
    kind: 'read-bank',
    sentNs,
    doneNs: sentNs + 1,
    coordinator: 'server 101',
    found: balances.map(([value, balance, booked]) => ({ value, balance, booked })),
  })
const ledger = (...ids: string[]) =>
  record({ kind: 'read-ledger', sentNs: 900, doneNs: 901, found: found(...ids) })
const GOOD = [
  ['a', 15, -5],
  ['b', 25, 5],
  ['c', 20, 0],
] as const

test('transfers that are booked and snapshots that add up are true', () => {
  const history = [transfer('t1', 1), snapshot(GOOD), ledger('t1')]
  expect(checkBank(history, options)).toMatchObject({
    verdict: 'true',
    summary:
      'All 1 acknowledged transfers of 1 are booked, and each of 1 snapshots has the same total ' +
      'and every balance that its ledger says.',
    evidence: { counts: { transfers: 1, acknowledged: 1, snapshots: 1, total: 0, unbooked: 0 } },
  })
})

describe('each anomaly is told exactly', () => {
  test.for<[string, readonly (readonly [string, number, number])[], string, BankAnomaly[]]>([
    [
      'a transfer seen half',
      [GOOD[0], ['b', 20, 0], GOOD[2]],
      'adds up to 55, not to 60.',
      ['total'],
    ],
    [
      'a lost update',
      [['a', 20, -5], GOOD[1], GOOD[2]],
      'has 20 on a, of which 15 is booked.',
      ['total', 'unbooked'],
    ],
    [
      'two updates whose errors cancel out',
      [['a', 20, -5], ['b', 20, 5], GOOD[2]],
      'has 20 on a, of which 15 is booked.',
      ['unbooked'],
    ],
    [
      'an overdrawn account',
      [['a', -5, -25], ['b', 45, 25], GOOD[2]],
      'has -5 on a.',
      ['negative'],
    ],
    ['an account that is missing', [GOOD[0], GOOD[1]], 'has the accounts a, b.', ['partial']],
    ['no account at all', [], 'has the accounts of nobody.', ['partial']],
    [
      'an account twice',
      [GOOD[0], GOOD[1], GOOD[2], GOOD[2]],
      'has the accounts a, b, c, c.',
      ['partial'],
    ],
  ])('%s', ([, balances, said, kinds]) => {
    const history = [transfer('t1', 1), snapshot(balances), ledger('t1')]
    const { verdict, summary, evidence } = checkBank(history, options)
    expect(verdict).toBe('false')
    expect(summary).toContain(
      'The read of k by client-a in us-east-1a from 0.000 s to 0.000 s, served by server 101, ',
    )
    expect(evidence.details.join(' ')).toContain(said)
    const seen = (['partial', 'total', 'negative', 'unbooked'] as const).filter(
      (kind) => evidence.counts[kind] > 0,
    )
    expect(seen.toSorted()).toEqual(kinds.toSorted())
  })

  test.for<[string, OperationRecord[], string]>([
    ['an acknowledged transfer that is not booked', [ledger()], '1 id lost of 1 acknowledged'],
    [
      'a refused transfer that is booked',
      [transfer('t2', 1, { outcome: 'fail', error: 'ER_LOCK_DEADLOCK' }), ledger('t1', 't2')],
      'was refused to client-a at 0.000 s: ER_LOCK_DEADLOCK.',
    ],
  ])('%s', ([, more, said]) => {
    const { verdict, summary } = checkBank([transfer('t1', 1), snapshot(GOOD), ...more], options)
    expect(verdict).toBe('false')
    expect(summary).toContain(said)
  })
})

test.for<[string, OperationRecord[], string]>([
  ['no snapshot', [transfer('t1', 1), ledger('t1')], 'No bank was read.'],
  ['no ledger', [transfer('t1', 1), snapshot(GOOD)], 'Transfers: No set was read.'],
  [
    'no transfer',
    [snapshot(ACCOUNTS.map((name) => [name, OPENING, 0])), ledger()],
    'Transfers: 0 of 0 inserts were acknowledged; 1 are needed.',
  ],
])('what proves nothing is unknown: %s', ([, history, said]) => {
  expect(checkBank(history, options)).toMatchObject({ verdict: 'unknown', summary: said })
})

test('a replica may show an old snapshot and an old ledger', () => {
  const old = snapshot(ACCOUNTS.map((name) => [name, OPENING, 0]))
  const history = [transfer('t1', 1), old, ledger(), { ...ledger('t1'), latest: true as const }]
  expect(checkBank(history, options).verdict).toBe('false')
  expect(checkBank(history, { ...options, readsMayLag: true }).verdict).toBe('true')
})

/** A bank that does everything right, but for what is planted. */
class Bank {
  readonly #balances = new Map(ACCOUNTS.map((name) => [name, OPENING]))
  readonly #booked = new Map(ACCOUNTS.map((name) => [name, 0]))
  readonly ids: string[] = []

  transfer(id: string, from: string, to: string, amount: number, defect?: Defect): void {
    const moved = defect === 'overdraft' ? amount + 2 * OPENING : Math.min(amount, this.#of(from))
    if (defect !== 'lost update') this.#add(this.#balances, from, -moved)
    this.#add(this.#balances, to, moved)
    if (defect === 'unbooked') return
    this.#add(this.#booked, from, -moved)
    this.#add(this.#booked, to, moved)
    this.ids.push(id)
  }

  snapshot(): FoundValue[] {
    return ACCOUNTS.map((value) => ({
      value,
      balance: this.#of(value),
      booked: this.#booked.get(value) ?? 0,
    }))
  }

  #of(account: string): number {
    return this.#balances.get(account) ?? 0
  }

  #add(of: Map<string, number>, account: string, amount: number): void {
    of.set(account, (of.get(account) ?? 0) + amount)
  }
}

type Defect = 'none' | 'lost update' | 'unbooked' | 'overdraft' | 'half seen' | 'dropped'
const DEFECTS: readonly Defect[] = [
  'none',
  'lost update',
  'unbooked',
  'overdraft',
  'half seen',
  'dropped',
]

/** Transfers one after the other, some with an unknown end, and a snapshot after each. */
function historyOf(random: Random, defect: Defect): OperationRecord[] {
  const bank = new Bank()
  const planted = random.int(6)
  const history: OperationRecord[] = []
  for (let i = 0; i < 6; i += 1) {
    const at = i * 10
    const [from = '', to = ''] = random.shuffle(ACCOUNTS)
    const amount = 1 + random.int(15)
    const isHit = i === planted
    const luck = isHit ? 'ok' : random.pick(['ok', 'ok', 'info', 'fail'] as const)
    const before = bank.snapshot()
    const happens = luck === 'ok' || (luck === 'info' && random.next() < 0.5)
    if (happens && !(isHit && defect === 'dropped')) {
      bank.transfer(`${i}`, from, to, amount, isHit ? defect : 'none')
    }
    history.push(transfer(`${i}`, at, { outcome: luck, transfer: { from, to, amount } }))
    const after = bank.snapshot()
    const shown =
      isHit && defect === 'half seen'
        ? after.map((one, n) => (one.value === from ? (before[n] ?? one) : one))
        : after
    history.push(
      record({ kind: 'read-bank', sentNs: at + 3, doneNs: at + 4, coordinator: 's', found: shown }),
    )
  }
  return [...history, ledger(...bank.ids)]
}

/** The definitions, word for word. */
function oracle(history: readonly OperationRecord[]): Record<BankAnomaly, number> {
  const counts = { partial: 0, total: 0, negative: 0, unbooked: 0 }
  for (const { kind, found: seen = [] } of history) {
    if (kind !== 'read-bank') continue
    let [sum, negative, unbooked] = [0, 0, 0]
    for (const { balance = 0, booked = 0 } of seen) {
      sum += balance
      if (balance < 0) negative = 1
      if (balance - booked !== OPENING) unbooked = 1
    }
    counts.total += sum === OPENING * ACCOUNTS.length ? 0 : 1
    counts.negative += negative
    counts.unbooked += unbooked
  }
  return counts
}

test('a bank that is right raises no alarm, and each defect does, in 4,000 histories', () => {
  const met = new Tally()
  assert(
    property(tuple(nat(2 ** 30), nat(2 ** 30)), ([drawn, seed]) => {
      const defect = DEFECTS[digits(drawn)(DEFECTS.length)] ?? 'none'
      const history = historyOf(seededRandom(`${seed}`), defect)
      const { verdict, summary, evidence } = checkBank(history, options)
      const { partial, total, negative, unbooked } = evidence.counts
      agree(defect, { partial, total, negative, unbooked }, oracle(history))
      if (defect === 'none' && verdict !== 'true') throw new Error(summary)
      met.add(`${defect} ${verdict}`)
    }),
    { numRuns: 4_000 },
  )
  expect(met.of('none true')).toBeGreaterThan(200)
  // What is moved out of an empty account is nothing, and a rich one can't be overdrawn.
  for (const defect of DEFECTS.slice(1)) {
    const [seen, missed] = [met.of(`${defect} false`), met.of(`${defect} true`)]
    expect(seen, `seen: ${defect}`).toBeGreaterThan(200)
    expect(missed / (seen + missed), `missed: ${defect}`).toBeLessThan(0.1)
  }
  for (const defect of ['unbooked', 'dropped']) expect(met.of(`${defect} true`)).toBe(0)
})
