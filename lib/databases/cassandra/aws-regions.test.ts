import { expect, test } from 'vitest'
import { AWS_REGIONS, checkableOptions, differences } from './aws-regions.ts'

test('differences finds missing, changed, doubled and unasked rows, and nothing else', () => {
  const [milan, capeTown] = AWS_REGIONS
  if (!milan || !capeTown) throw new Error('the tutorial has two rows')
  expect(differences(AWS_REGIONS, [capeTown, milan])).toEqual([])
  expect(differences(AWS_REGIONS, [])).toEqual([
    'Row eu-south-1 is missing.',
    'Row af-south-1 is missing.',
  ])
  expect(differences([milan], [{ ...milan, city: 'Atlantis' }])).toEqual([
    'Row eu-south-1 should be Milan, Italy and is Atlantis, Italy.',
  ])
  expect(differences([milan], [milan, milan])).toEqual(['Row eu-south-1 is there 2 times.'])
  expect(differences([milan], [milan, capeTown])).toEqual(['Row af-south-1 was never asked for.'])
})

test('checkableOptions turns everything off by which a replica could hide behind another', () => {
  expect(checkableOptions('3.11.19')).toBe(
    "speculative_retry = 'NONE' AND read_repair_chance = 0 AND dclocal_read_repair_chance = 0",
  )
  expect(checkableOptions('5.0.9')).toBe("speculative_retry = 'NEVER'")
})
