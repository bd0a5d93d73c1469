import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SilenceAlarm } from './silence.ts'

test('calls out after the limit, counted from what was heard last', async () => {
  const beganMs = performance.now()
  const { promise, resolve } = Promise.withResolvers<number>()
  using alarm = new SilenceAlarm(60, () => resolve(performance.now() - beganMs))
  for (let i = 0; i < 4; i += 1) {
    await delay(20)
    alarm.heard()
  }
  expect(await promise).toBeGreaterThanOrEqual(135)
})

test('says nothing once it is disposed of', async () => {
  let called = false
  new SilenceAlarm(10, () => (called = true))[Symbol.dispose]()
  await delay(40)
  expect(called).toBe(false)
})

test('does not take a stop of its own process for silence of the other side', async () => {
  let called = false
  using alarm = new SilenceAlarm(30, () => (called = true))
  // As a long garbage collection or a stopped machine would; what came meanwhile is read after it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  await delay(20)
  alarm.heard()
  await delay(15)
  expect(called).toBe(false)
})
