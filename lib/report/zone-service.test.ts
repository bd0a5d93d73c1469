import { describe, expect, it } from 'vitest'
import { type ServedOperation, zoneService } from './zone-service.ts'

const WINDOW = { fromMs: 10_000, steadyMs: 40_000, untilMs: 60_000 }

/** One operation each second, due from `fromS` to before `toS`, each done after `tookMs`. */
function load(
  fromS: number,
  toS: number,
  outcome: ServedOperation['outcome'] = 'ok',
  tookMs = 20,
): ServedOperation[] {
  return Array.from({ length: toS - fromS }, (_, i) => {
    const dueMs = (fromS + i) * 1000
    return { dueMs, doneMs: dueMs + tookMs, outcome }
  })
}

const serve = (operations: readonly ServedOperation[], window = WINDOW) =>
  zoneService({ zone: 'a', operations, clockUncertaintyMs: 2 }, window)

describe('the service of a zone', () => {
  it('was never out where nothing failed, however long something took', () => {
    expect(serve([...load(0, 20), ...load(20, 21, 'ok', 7000), ...load(27, 60)])).toEqual({
      zone: 'a',
      due: 24,
      ok: 24,
      fail: 0,
      info: 0,
      longestGapMs: 7000,
      rtoMs: 0,
      p99Ms: 7000,
      p99BeforeMs: 20,
      clockUncertaintyMs: 2,
    })
  })

  it('has no recovery time where nobody asked after the injection', () => {
    const seen = serve(load(0, 9))
    expect(seen).toMatchObject({ due: 0, ok: 0, longestGapMs: 0 })
    expect(seen.rtoMs).toBeUndefined()
  })

  it('is back with the first acknowledgement after the outage, counted from the first that waited', () => {
    const seen = serve([...load(0, 12), ...load(12, 30, 'fail', 5), ...load(30, 60)])
    expect(seen).toMatchObject({ due: 30, ok: 12, fail: 18, info: 0 })
    expect(seen).toMatchObject({
      firstFailureMs: 2000,
      rtoMs: 18_020,
      servedAgainMs: 20_020,
      longestGapMs: 18_020,
    })
  })

  it('takes failures among successes for one outage, until none follows for 5 s', () => {
    const mixed = load(12, 30).map((one, i) =>
      i % 3 === 0 ? { ...one, doneMs: one.dueMs + 6000, outcome: 'info' as const } : one,
    )
    // The last that failed was due at 27 s.
    const seen = serve([...load(0, 12), ...mixed, ...load(30, 60)])
    expect(seen).toMatchObject({ info: 6, firstFailureMs: 2000, rtoMs: 16_020, longestGapMs: 1020 })
    expect(seen).toMatchObject({ servedAgainMs: 18_020 })
  })

  it('takes the longest outage, not a failure on its own after it', () => {
    const stray = load(36, 37, 'fail', 5)
    const seen = (strayS: number) =>
      serve([
        ...load(0, 12),
        ...load(12, 30, 'info', 0),
        ...load(30, strayS),
        ...stray.map((one) => ({ ...one, dueMs: strayS * 1000, doneMs: strayS * 1000 + 5 })),
        ...load(strayS + 1, 60),
      ])
    expect(seen(36)).toMatchObject({ fail: 1, info: 18, rtoMs: 18_020 })
    expect(seen(33)).toMatchObject({ fail: 1, info: 18, rtoMs: 22_020 })
  })

  it('is not back where nothing was acknowledged any more', () => {
    const seen = serve([...load(0, 12), ...load(12, 50, 'info', 0)])
    expect(seen).not.toHaveProperty('rtoMs')
    // Until the last operation was due: nobody asked after it.
    expect(seen).toMatchObject({ longestGapMs: 37_000, firstFailureMs: 2000 })
  })

  it('counts what was under way at the injection and failed as a failure, not as due', () => {
    const seen = serve([...load(0, 9), ...load(9, 10, 'info', 5000), ...load(15, 60)])
    expect(seen).toMatchObject({ due: 25, ok: 25, info: 0, firstFailureMs: 0, rtoMs: 5020 })
    const done = serve([...load(0, 9), ...load(9, 10, 'info', 500), ...load(10, 60)])
    expect(done).not.toHaveProperty('firstFailureMs')
  })

  it('is not served again by what was asked before', () => {
    const hit = { dueMs: 9500, doneMs: 12_000, outcome: 'info' as const }
    const answered = { dueMs: 9800, doneMs: 10_100, outcome: 'ok' as const }
    expect(serve([...load(0, 9), hit, answered])).not.toHaveProperty('rtoMs')
  })

  it('begins to fail with its first outage, though another is the longest', () => {
    const seen = serve([
      ...load(0, 13),
      ...load(13, 14, 'fail'),
      ...load(14, 25),
      ...load(25, 30, 'fail'),
      ...load(30, 60),
    ])
    expect(seen).toMatchObject({ firstFailureMs: 3000, rtoMs: 5020, servedAgainMs: 20_020 })
  })

  it('leaves out what failed after steady state, but may be served again after it', () => {
    expect(serve([...load(0, 45), ...load(45, 50, 'fail'), ...load(50, 60)])).toMatchObject({
      due: 30,
      ok: 30,
      rtoMs: 0,
    })
    expect(serve([...load(0, 12), ...load(12, 42, 'fail'), ...load(42, 60)])).toMatchObject({
      fail: 28,
      rtoMs: 30_020,
      servedAgainMs: 32_020,
    })
    const cut = { ...WINDOW, untilMs: 41_000 }
    expect(
      serve([...load(0, 12), ...load(12, 42, 'fail'), ...load(42, 60)], cut),
    ).not.toHaveProperty('rtoMs')
  })

  it('takes no pause of the load for a gap', () => {
    expect(serve([...load(0, 15), ...load(30, 60)])).toMatchObject({ longestGapMs: 20, due: 15 })
  })

  it('of nothing says nothing', () => {
    expect(serve([])).toEqual({
      zone: 'a',
      due: 0,
      ok: 0,
      fail: 0,
      info: 0,
      longestGapMs: 0,
      clockUncertaintyMs: 2,
    })
  })
})
