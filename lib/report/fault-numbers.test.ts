import { describe, expect, it } from 'vitest'
import {
  FAULT_PHASES,
  type FaultNumbers,
  type FaultPhaseName,
  type ZoneService,
} from '../model/fault-numbers.ts'
import { faultNumbers, numbersLine, shareText, shortNames } from './fault-numbers.ts'
import { cluster, OUTAGE, STORY } from './fault-story-sample.ts'
import type { ServedOperation, ZoneOperations } from './zone-service.ts'

/** One operation each second of the run; none is answered from `fromS` to before `toS`. */
function clientsOf(zone: string, [fromS, toS]: readonly [number, number]): ZoneOperations {
  const operations = Array.from({ length: 400 }, (_, i): ServedOperation => {
    const second = 96 + i
    const dueMs = second * 1000
    const outcome = second >= fromS && second < toS ? 'info' : 'ok'
    return { dueMs, doneMs: dueMs + (outcome === 'ok' ? 10 : 2000), outcome }
  })
  return { zone, operations, clockUncertaintyMs: 1 }
}

const NEVER = [0, 0] as const
const zones = [clientsOf('us-east-1a', [103, 465]), clientsOf('us-east-1b', NEVER)]
const [numbers] = faultNumbers(OUTAGE, STORY, {
  zones,
  durability: { acknowledged: 4812, lost: 3, firstAtMs: 98_500, lastAtMs: 99_900 },
})

const rowOf = (phase: string) => numbers?.phases.find((row) => row.phase === phase)

describe('the numbers of a fault', () => {
  it('put clients and cluster on one clock, each step since the one before', () => {
    expect(
      numbers?.phases.slice(0, 4).map(({ phase, atMs, deltaMs }) => [phase, atMs, deltaMs]),
    ).toEqual([
      ['fault-injected', 0, 0],
      ['first-failure', 3000, 3000],
      ['node-not-ready', 51_000, 48_000],
      ['pod-not-ready', 52_000, 1000],
    ])
    expect(
      numbers?.phases.slice(-3).map(({ phase, atMs, deltaMs }) => [phase, atMs, deltaMs]),
    ).toEqual([
      ['first-success', 365_010, 3010],
      ['database-rejoined', 370_000, 4990],
      ['steady-state', 371_000, 1000],
    ])
    expect(rowOf('node-not-ready')?.evidence).toBe('node/ip-10-0-1-10 node.not-ready')
    expect(rowOf('first-failure')?.evidence).toBe(
      'a client in us-east-1a: 0 operations failed and 362 have no known end',
    )
  })

  it('give each zone its service until steady state, and the worst RTO as the whole’s', () => {
    expect(numbers?.zones).toMatchObject([
      { zone: 'us-east-1a', due: 371, ok: 9, info: 362, rtoMs: 362_010 },
      { zone: 'us-east-1b', due: 371, ok: 371, info: 0, rtoMs: 0 },
    ])
    expect(numbers?.rtoMs).toBe(362_010)
    const lost = [...zones, clientsOf('us-east-1c', [110, 1000])]
    const [without] = faultNumbers(OUTAGE, STORY, { zones: lost })
    expect(without).not.toHaveProperty('rtoMs')
    expect(without?.phases.find(({ phase }) => phase === 'first-success')).not.toHaveProperty(
      'lastMs',
    )
  })

  it('tell each zone’s return by itself', () => {
    const both = [clientsOf('us-east-1a', [103, 465]), clientsOf('us-east-1b', [103, 120])]
    const rows = faultNumbers(OUTAGE, STORY, { zones: both })[0]?.phases
    const returns = rows?.filter(({ phase }) => phase === 'first-success')
    expect(returns?.map(({ atMs, evidence }) => [atMs, evidence])).toEqual([
      [20_010, 'a client in us-east-1b is served again'],
      [365_010, 'a client in us-east-1a is served again'],
    ])
  })

  it('measure what was lost from the first lost acknowledgement until the injection or the last', () => {
    expect(numbers?.rpo).toEqual({ acknowledged: 4812, lost: 3, lostMs: 1500 })
    const later = { acknowledged: 10, lost: 2, firstAtMs: 99_000, lastAtMs: 103_000 }
    expect(faultNumbers(OUTAGE, STORY, { zones, durability: later })[0]?.rpo?.lostMs).toBe(4000)
    const none = { acknowledged: 10, lost: 0 }
    expect(faultNumbers(OUTAGE, STORY, { zones, durability: none })[0]?.rpo).toEqual({
      ...none,
      lostMs: 0,
    })
  })

  it('tell what was seen at one moment in the order in which it must have been', () => {
    const atOnce = OUTAGE.map((event) =>
      event.atMs > 400_000 ? { ...event, atMs: 400_000 } : event,
    )
    const rows = faultNumbers(atOnce.toReversed(), STORY)[0]?.phases ?? []
    const phases = rows.filter(({ atMs }) => atMs === 300_000).map(({ phase }) => phase)
    expect(phases).toEqual(FAULT_PHASES.filter((one) => phases.includes(one)))
    expect(phases).toContain('pod-deleted')
  })

  it('without clients say nothing of service or loss', () => {
    const [bare] = faultNumbers(OUTAGE, STORY)
    expect(Object.keys(bare ?? {})).toEqual(['startedAtMs', 'phases', 'zones'])
    expect(bare?.phases.map(({ phase }) => phase)).not.toContain('first-failure')
    expect(bare?.zones).toEqual([])
  })

  it('have one row for what happened to several, from the first to the last', () => {
    const second = [
      cluster(30, 'pod.created', 'pod/db-1'),
      cluster(408, 'pod.deleted', 'pod/db-1'),
      cluster(468, 'pod.ready', 'pod/db-1'),
    ]
    const rows = faultNumbers([...OUTAGE, ...second], STORY)[0]?.phases
    expect(rows?.filter(({ phase }) => phase === 'pod-deleted')).toEqual([
      {
        phase: 'pod-deleted',
        atMs: 308_000,
        lastMs: 310_000,
        deltaMs: 7000,
        evidence: 'pod/db-1 pod.deleted (and 1 more, the last: pod/db-0 pod.deleted)',
      },
    ])
    expect(rows?.find(({ phase }) => phase === 'pod-ready')?.lastMs).toBe(368_000)
    expect(rows && numbersLine({ startedAtMs: 0, phases: rows, zones: [] })).toMatch(
      / → healing 9.0 s → pod Ready 48 s → back 3.0 s$/,
    )
  })
})

describe('a fault in a line', () => {
  it('tells what happened when, what was lost and who was out', () => {
    expect(numbers && numbersLine(numbers)).toBe(
      'injected → NotReady 51 s → node removed 4 min 10 s → pod deleted 9.0 s → ' +
        'replacement Pending 1.0 s → healing 9.0 s → pod Ready 42 s → back 9.0 s; ' +
        'lost 3 of 4,812 (1.5 s); b 100 %, a 2 % (failing 6 min 02 s)',
    )
  })

  it('ends with steady state', () => {
    const row = (phase: FaultPhaseName, atMs: number) => ({ phase, atMs, deltaMs: 0, evidence: '' })
    const phases = [row('steady-state', 9000), row('pod-ready', 12_000)]
    expect(numbersLine({ startedAtMs: 0, phases, zones: [] })).toBe('injected → back 9.0 s')
  })

  it('says no more than happened', () => {
    const bare: FaultNumbers = { startedAtMs: 0, phases: [], zones: [] }
    expect(numbersLine(bare)).toBe('injected')
    const zone: ZoneService = {
      zone: 'us-east-1a',
      due: 10,
      ok: 0,
      fail: 10,
      info: 0,
      longestGapMs: 1000,
      firstFailureMs: 5,
      clockUncertaintyMs: 1,
    }
    const rpo = { acknowledged: 1000, lost: 0, lostMs: 0 }
    expect(numbersLine({ ...bare, zones: [zone], rpo })).toBe(
      'injected; lost 0 of 1,000; us-east-1a 0 % (not served again)',
    )
  })

  it('never says 100 % of less', () => {
    const shares = [100_000, 99_999, 99_000, 61_900, 900, 0].map((ok) =>
      shareText({ ok, due: 100_000 }),
    )
    expect(shares).toEqual(['100 %', '99.9 %', '99 %', '61 %', '0.9 %', '0 %'])
    expect(shareText({ ok: 0, due: 0 })).toBe('nothing due')
  })

  it('shortens zones to what tells them apart', () => {
    expect(shortNames(['us-east-1a', 'us-east-1b'])).toEqual(['a', 'b'])
    expect(shortNames(['eu-1', 'eu-1b'])).toEqual(['1', '1b'])
    expect(shortNames(['north', 'south'])).toEqual(['north', 'south'])
    expect(shortNames(['us-east-1a'])).toEqual(['us-east-1a'])
    expect(shortNames(['a', 'a'])).toEqual(['a', 'a'])
  })
})
