import { expect, test } from 'vitest'
import { estimateRunTime } from './run-time.ts'

const scenario = (typicalSeconds?: number) => ({
  options: { tags: [], ...(typicalSeconds === undefined ? {} : { typicalSeconds }) },
})

test('what scenarios say is added up, and AWS takes longer', () => {
  expect(estimateRunTime([scenario(100), scenario(50)])).toEqual({
    typicalSeconds: 150,
    withoutTypicalSeconds: 0,
    onAwsSeconds: 300,
  })
})

test('one that does not say counts on AWS, where credentials and money may run out', () => {
  const time = estimateRunTime([scenario(100), scenario()])
  expect(time).toMatchObject({ typicalSeconds: 100, withoutTypicalSeconds: 1 })
  expect(time.onAwsSeconds).toBeGreaterThan(2 * 100)
})
