import { describe, expect, test } from 'vitest'
import { notServedBy, type Trace } from './trace.ts'

const ME = '10.1.1.2'
const OTHER = '10.1.2.2'

function trace(...events: readonly (readonly [string, string])[]): Trace {
  return {
    coordinator: ME,
    events: events.map(([source, activity]) => ({ source, activity })),
  }
}

const LOCAL = 'Executing single-partition query on awsregions'

describe('notServedBy', () => {
  test('is convinced by a read from the node’s own storage with nobody else in it', () => {
    const own = trace([ME, 'Parsing SELECT …'], [ME, LOCAL], [ME, 'Merging memtable contents'])
    expect(notServedBy(own, ME)).toEqual([])
  })

  test('is not convinced when another replica read', () => {
    const remote = trace([ME, `reading data from /${OTHER}`], [OTHER, LOCAL])
    expect(notServedBy(remote, ME)).toEqual([
      `Not read from the storage of ${ME}.`,
      `${OTHER} took part.`,
      `Another node was asked: reading data from /${OTHER}.`,
    ])
  })

  test('is not convinced when another was asked beside it, in the words of 3.11 and of 5', () => {
    for (const activity of [
      `Sending READ message to /${OTHER}`,
      `Sending READ_REQ message to /${OTHER}:7000 message size 116 bytes`,
      `reading digest from /${OTHER}`,
    ]) {
      expect(notServedBy(trace([ME, LOCAL], [ME, activity]), ME)).toHaveLength(1)
    }
  })

  test('is not convinced by a trace that shows no read, or of another coordinator', () => {
    expect(notServedBy(trace([ME, 'Parsing SELECT …']), ME)).toHaveLength(1)
    expect(notServedBy({ ...trace([ME, LOCAL]), coordinator: OTHER }, ME)).toHaveLength(1)
  })
})
