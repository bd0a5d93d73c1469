import { realpathSync } from 'node:fs'
import { checkAvailability } from '../lib/checkers/availability.ts'
import { checkDurability } from '../lib/checkers/durability.ts'
import { checkLastWrite } from '../lib/checkers/last-write.ts'
import { checkStaleness } from '../lib/checkers/staleness.ts'
import { simulate } from '../lib/checkers/testing/simulate.ts'
import type { OperationRecord } from '../lib/model/operation.ts'
import type { Verdict } from '../lib/model/verdict.ts'
import { availabilitySchedules } from '../lib/workloads/availability.ts'
import { setSchedules } from '../lib/workloads/set.ts'

const OPERATIONS = 1_000_000
const CLIENTS = ['a', 'b', 'c'].map((letter) => ({
  process: `client-${letter}`,
  zone: `us-east-1${letter}`,
}))
const CLOCKS = { clockUncertaintyNs: 2_000_000 }

/** `node bench/checkers.ts`: how long each checker takes for a million operations of three clients. */
function main(): void {
  const load = { seed: 'bench', clients: CLIENTS, ratePerSecond: 10 }
  const durationMs = (OPERATIONS / CLIENTS.length / load.ratePerSecond) * 1000
  const sets = history(setSchedules({ ...load, durationMs }))
  const found = sets.reduce((sum, record) => sum + (record.found?.length ?? 0), 0)
  measure(`durability (${found} ids in its reads)`, sets, () => checkDurability(sets, CLOCKS))
  measure('staleness', sets, () => checkStaleness(sets, CLOCKS))
  const registers = history(availabilitySchedules({ ...load, durationMs }))
  measure('last write', registers, () => checkLastWrite(registers, CLOCKS).recency)
  const third = (durationMs / 3) * 1e6
  const phases = ['before', 'during', 'after'].map((name, i) => ({
    name,
    fromNs: i * third,
    untilNs: (i + 1) * third,
  }))
  const claims = CLIENTS.map(({ zone }) => ({ zone, phase: 'during', minRatio: 0.5 }))
  measure('availability', registers, () =>
    checkAvailability(registers, { ...CLOCKS, phases, claims }),
  )
}

function history(schedules: Parameters<typeof simulate>[0]): OperationRecord[] {
  return simulate(schedules, {
    seed: 'bench',
    maxLatencyNs: 50_000_000,
    uncertaintyNs: CLOCKS.clockUncertaintyNs,
    info: 0.01,
    fail: 0.01,
  })
}

function measure(
  what: string,
  operations: readonly OperationRecord[],
  check: () => { readonly verdict: Verdict; readonly summary: string },
): void {
  const begin = performance.now()
  const cpuBegin = process.cpuUsage()
  const { verdict, summary } = check()
  const { user, system } = process.cpuUsage(cpuBegin)
  const wall = `${Math.round(performance.now() - begin)} ms`
  // On a busy machine the processor time is the one that says something.
  const cpu = `${Math.round((user + system) / 1000)} ms of processor time`
  console.log(`${what}: ${operations.length} operations in ${wall}, ${cpu}; ${verdict}: ${summary}`)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) main()
