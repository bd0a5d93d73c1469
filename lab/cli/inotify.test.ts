import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { inotifyInstancesOf, whyTooFewInotify } from './inotify.ts'

test('a machine whose inotify instances would run out is refused, with the figures', () => {
  expect(whyTooFewInotify({ limit: 128, used: 96, zones: 3 })).toBeUndefined()
  expect(whyTooFewInotify({ limit: 128, used: 97, zones: 3 })).toBe(
    'of the 128 inotify instances of this user 97 are in use, and a lab needs 32',
  )
})

test('a process that watches a file has one instance, and one that watches none has none', async () => {
  expect(await instancesOf("require('fs').watch('/tmp')")).toBe(1)
  expect(await instancesOf('setInterval(() => {}, 1000)')).toBe(0)
})

async function instancesOf(program: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', `${program}; console.log('ready')`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
  return inotifyInstancesOf(child.pid ?? 0)
}
