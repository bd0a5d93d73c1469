import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refuseAboveBudget, usd } from './budget.ts'
import { estimateCost, type Usage } from './estimate.ts'
import { loadPrices, type Prices } from './prices.ts'

let dir = ''
let prices: Prices
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-prices-'))
  prices = await loadPrices()
})
afterAll(() => rm(dir, { recursive: true }))

const usage: Usage = {
  seconds: 3600,
  volumes: [1, 1, 1].map((gib) => ({ type: 'gp2', gib })),
  nodes: ['t3.medium', 't3.medium', 't3.medium'],
  launches: 0,
}

test('the table says when its prices were read, and where', () => {
  expect(prices.asOf).toMatch(/^\d{4}-\d{2}/)
  expect(prices.source).toContain('aws.amazon.com')
})

test('three t3.medium for an hour', () => {
  const cost = estimateCost(usage, prices)
  expect(cost.hours).toBe(1)
  // 0.10 for the control plane; each node 0.0416 + 0.005 and 20 GiB of gp3 for an hour.
  expect(cost.totalUsd - cost.addedUsd).toBeCloseTo(0.1 + 3 * (0.0466 + (20 * 0.08) / 720), 6)
  // 3 GiB of gp2 for an hour, and a GiB between zones.
  expect(cost.addedUsd).toBeCloseTo((3 * 0.1) / 720 + 0.02, 6)
  expect(cost.unpriced).toEqual([])
})

test('launches, and what has no price', () => {
  const more = { nodes: ['x9.huge'], volumes: [{ type: 'io7', gib: 5 }], launches: 2 }
  const cost = estimateCost({ ...usage, ...more }, prices)
  expect(cost.added).toContainEqual(
    expect.objectContaining({ text: expect.stringMatching(/^2 instances launched/) }),
  )
  expect(cost.unpriced).toEqual(['instance type x9.huge', 'volume type io7'])
  expect(() => refuseAboveBudget({ cost, costUsd: cost.totalUsd }, 100)).toThrow(
    'There is no price for instance type x9.huge, volume type io7',
  )
})

test('a run above its budget is refused, one within it is not, and one nobody can price is', () => {
  const cost = estimateCost(usage, prices)
  const plan = { cost, costUsd: cost.totalUsd }
  expect(() => refuseAboveBudget(plan, 0.2)).toThrow(
    /may cost 0\.27 USD, more than the 0\.20 USD of --budget-usd/,
  )
  expect(refuseAboveBudget(plan, 0.5)).toBeUndefined()
  expect(refuseAboveBudget({ cost: null, costUsd: 0 }, 0)).toBeUndefined()
  expect(() => refuseAboveBudget({ cost: null, costUsd: null }, 1)).toThrow('is not known')
})

test('prices of one’s own take the places of the table’s', async () => {
  const path = join(dir, 'prices.json')
  const own = {
    asOf: 'today',
    source: 'our contract',
    usd: { instanceHour: { 't3.medium': 0.01 } },
  }
  await writeFile(path, JSON.stringify(own))
  const merged = await loadPrices(path)
  expect(merged.usd.instanceHour).toMatchObject({ 't3.medium': 0.01, 't3.large': 0.0832 })
  expect(merged).toMatchObject({ asOf: 'today', source: 'our contract', region: 'us-east-1' })
  await writeFile(path, JSON.stringify({ ...own, usd: { instanceHours: {} } }))
  await expect(loadPrices(path)).rejects.toThrow(
    /prices.json are not understood: usd: .*instanceHours/,
  )
  await expect(loadPrices(join(dir, 'absent'))).rejects.toThrow("can't be read")
})

test('amounts are rounded up', () => {
  expect([0.001, 0.28, 2].map((amount) => usd(amount))).toEqual([
    '0.01 USD',
    '0.28 USD',
    '2.00 USD',
  ])
})
