import { expect, test } from 'vitest'
import { latestSnapshot } from './latest-snapshot.ts'

test('of the snapshots of a volume the last one counts, in whatever order they are listed', () => {
  const snapshot = (id: string, volumeId: string, startedAtMs: number) => ({
    id,
    volumeId,
    startedAtMs,
    state: 'completed',
  })
  const listed = [
    snapshot('snap-b', 'vol-1', 2000),
    snapshot('snap-a', 'vol-1', 1000),
    snapshot('snap-c', 'vol-2', 3000),
  ]
  expect(latestSnapshot(listed, 'vol-1')?.id).toBe('snap-b')
  expect(latestSnapshot(listed, 'vol-3')).toBeUndefined()
})
