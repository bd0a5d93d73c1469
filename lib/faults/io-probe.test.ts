import { expect, test } from 'vitest'
import { isIoError } from './io-probe.ts'

test.each([
  ["dd: failed to open '/data/.zonefall-io': Input/output error", true],
  ["dd: failed to open '/data/.zonefall-io': Read-only file system", true],
  ['dd: fsync failed: Structure needs cleaning', true],
  ['sh: 1: dd: not found', false],
  ['The connection was lost before the end of "sh" in pod db-0 was known.', false],
])('%s: the volume failed: %s', (said, expected) => {
  expect(isIoError(said)).toBe(expected)
})
