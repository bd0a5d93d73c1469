import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { BUDGETS, budgetMs } from './budgets.ts'
import { newRunId, slug } from './ids.ts'
import { nearest } from './nearest.ts'
import { identify, isAlive, processesWithEnv } from './process-identity.ts'
import { seededRandom } from './random.ts'
import { redactData, redactText } from './redact.ts'

test('run ids sort by time', () => {
  const early = newRunId(new Date('2026-11-21T06:30:12Z'))
  expect(early).toMatch(/^20261121-063012-[a-z0-9]{4}$/)
  expect(early < newRunId(new Date('2026-11-21T06:30:13Z'))).toBe(true)
})

test('a slug is cut at a word', () => {
  expect(slug("A pod's zone is cordoned: it waits!")).toBe('a-pod-s-zone-is-cordoned-it-waits')
  expect(slug('one two three', 9)).toBe('one-two')
})

test('every budget is bounded', () => {
  for (const ms of Object.values(BUDGETS)) expect(ms).toBeGreaterThan(0)
  expect(budgetMs('pendingHolds')).toBe(60_000)
})

test('the same seed draws the same, and a fork does not depend on what was drawn before', () => {
  const draw = (seed: string): number[] => {
    const random = seededRandom(seed)
    return [random.int(1000), random.int(1000), ...random.shuffle([1, 2, 3, 4, 5])]
  }
  expect(draw('a')).toEqual(draw('a'))
  expect(draw('a')).not.toEqual(draw('b'))
  const used = seededRandom('a')
  used.next()
  expect(used.fork('x').next()).toBe(seededRandom('a').fork('x').next())
  expect(() => used.pick([])).toThrow('at least one')
  const many = Array.from({ length: 3000 }, () => used.int(3))
  for (const face of [0, 1, 2]) {
    expect(many.filter((item) => item === face).length).toBeGreaterThan(850)
  }
})

test('secrets are hidden by their field and by their value; tokens of a ring stay', () => {
  const secret = 'hunter2hunter2'
  expect(
    redactData(
      {
        aws: { secretAccessKey: secret, region: 'us-east-1' },
        tokens: ['-9', '12'],
        log: `x${secret}`,
      },
      [secret],
    ),
  ).toEqual({
    aws: { secretAccessKey: '[redacted]', region: 'us-east-1' },
    tokens: ['-9', '12'],
    log: 'x[redacted]',
  })
  expect(redactText('a b', ['a'])).toBe('a b')
})

test('the nearest choice is named only when it is near', () => {
  expect(nearest('smok', ['smoke', 'full'])).toBe('smoke')
  expect(nearest('cassandra/cordno', ['cassandra/cordon', 'x'])).toBe('cassandra/cordon')
  expect(nearest('xyz', ['smoke', 'full'])).toBeUndefined()
})

test('a process is known by more than its number, and found by its environment', async () => {
  const child = spawn('sleep', ['30'], { env: { ...process.env, ZONEFALL_MARK: 'helpers' } })
  await once(child, 'spawn')
  const identity = identify(child.pid ?? 0)
  if (!identity) throw new Error('the child should be there')
  expect(isAlive(identity)).toBe(true)
  expect(isAlive({ ...identity, startTicks: '1' })).toBe(false)
  expect(isAlive({ ...identity, bootId: 'another boot' })).toBe(false)
  expect(processesWithEnv('ZONEFALL_MARK', 'helpers')).toEqual([child.pid])
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(identity)).toBe(false)
  expect(processesWithEnv('ZONEFALL_MARK', 'helpers')).toEqual([])
})
