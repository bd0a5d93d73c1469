import { describe, expect, test } from 'vitest'
import { observeWaits, poll, within, WaitTimeoutError, type WaitSink } from './poll.ts'

describe('poll', () => {
  test('returns the value of the first look that is done', async () => {
    let looks = 0
    const value = await poll({ what: 'three looks', budget: 'apiCall', intervalMs: 1 }, () => {
      looks += 1
      return looks === 3 ? { done: true, value: 'here' } : { done: false, seen: looks }
    })
    expect({ value, looks }).toEqual({ value: 'here', looks: 3 })
  })

  test('a time-out names owner, phase, budget and the last thing seen', async () => {
    const waiting = poll(
      {
        what: 'pod x to be Ready',
        owner: 'scenario s',
        budget: 'podReady',
        budgetMs: 30,
        intervalMs: 5,
      },
      () => ({ done: false, seen: { phase: 'Pending' } }),
    )
    await expect(waiting).rejects.toThrow(
      /^scenario s: waited 0\.\d s for pod x to be Ready \(budget podReady\); last seen: \{"phase":"Pending"\}$/,
    )
  })

  test('ends on time even when a look hangs and ignores its signal', async () => {
    let signal: AbortSignal | undefined
    const waiting = poll({ what: 'a hang', budget: 'apiCall', budgetMs: 20 }, (given) => {
      signal = given
      return new Promise<never>(() => {})
    })
    await expect(waiting).rejects.toBeInstanceOf(WaitTimeoutError)
    expect(signal?.aborted).toBe(true)
  })

  test('a probe that throws ends the wait with its error', async () => {
    const waiting = poll({ what: 'x', budget: 'apiCall' }, () => {
      throw new RangeError('broken probe')
    })
    await expect(waiting).rejects.toThrow(new RangeError('broken probe'))
  })

  test('an abort ends the wait with its reason', async () => {
    const abort = new AbortController()
    const waiting = poll({ what: 'x', budget: 'podReady', signal: abort.signal }, () => ({
      done: false,
      seen: '',
    }))
    setTimeout(() => abort.abort(new Error('interrupted')), 10)
    await expect(waiting).rejects.toThrow('interrupted')
  })
})

describe('within', () => {
  test('writes begin and end to the sink of the process, with budget and outcome', async () => {
    const events: Parameters<WaitSink['emit']>[0][] = []
    observeWaits({ emit: (event) => void events.push(event) })
    try {
      await within({ what: 'good', owner: 'me', budget: 'exec' }, () => Promise.resolve(1))
      await within(
        { what: 'late', budget: 'exec', budgetMs: 5 },
        () => new Promise(() => {}),
      ).catch(() => undefined)
    } finally {
      observeWaits(undefined)
    }
    expect(events.map(({ kind, text, data }) => [kind, text, data['outcome']])).toEqual([
      ['wait.begin', 'good', undefined],
      ['wait.end', 'good', 'done'],
      ['wait.begin', 'late', undefined],
      ['wait.end', 'late', 'timeout'],
    ])
    expect(events[0]?.data).toMatchObject({ budget: 'exec', budgetMs: 60_000, owner: 'me' })
  })
})
