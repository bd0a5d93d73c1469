import { expect, test } from 'vitest'
import { AWS_REGIONS, checkableOptions, differences } from './aws-regions.ts'

const SENT = 1_763_710_000_000_000
const written = AWS_REGIONS.map((row) => ({ ...row, writtenMicros: SENT }))
const [milan, capeTown] = written
if (!milan || !capeTown) throw new Error('the tutorial has two rows')

test('differences finds missing, changed, doubled and unasked rows, and nothing else', () => {
  expect(differences(written, [capeTown, milan])).toEqual([])
  expect(differences(written, [])).toEqual([
    'Row eu-south-1 is missing.',
    'Row af-south-1 is missing.',
  ])
  expect(differences([milan], [{ ...milan, city: 'Atlantis' }])).toEqual([
    'Row eu-south-1 should be Milan, Italy and is Atlantis, Italy.',
  ])
  expect(differences([milan], [milan, milan])).toEqual(['Row eu-south-1 is there 2 times.'])
  expect(differences([milan], [milan, capeTown])).toEqual(['Row af-south-1 was never asked for.'])
})

test('differences tells the same values of another write apart', () => {
  expect(differences([milan], [{ ...milan, writtenMicros: SENT - 1 }])).toEqual([
    `Row eu-south-1 is that of ${SENT - 1}, an earlier write than ${SENT}.`,
  ])
  expect(differences([milan], [{ ...milan, writtenMicros: undefined }])).toEqual([
    `Row eu-south-1 is of no write, and not of ${SENT}.`,
  ])
  const rewritten = [{ ...milan, writtenMicros: SENT + 1 }]
  expect(differences([milan], rewritten)).toEqual([
    `Row eu-south-1 is that of ${SENT + 1}, which nobody wrote here after ${SENT}.`,
  ])
  expect(differences([milan], rewritten, new Map([['eu-south-1', SENT + 1]]))).toEqual([])
})

test('checkableOptions turns everything off by which a replica could hide behind another', () => {
  expect(checkableOptions('3.11.19')).toBe(
    "speculative_retry = 'NONE' AND read_repair_chance = 0 AND dclocal_read_repair_chance = 0",
  )
  expect(checkableOptions('5.0.9')).toBe("speculative_retry = 'NEVER'")
})
