import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLocked, tryLock } from './lock-file.ts'

let folder = ''
const children: ChildProcess[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-lock-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

/** Another process that takes the lock, says what it got and stays. */
async function contender(key: string): Promise<{ child: ChildProcess; got: string }> {
  const program = `
    import { tryLock, isLocked } from ${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))}
    console.log(isLocked(await tryLock(process.argv[1], 'other', process.argv[2])) ? 'lock' : 'no')
    setInterval(() => {}, 1000)`
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '-e', program, key, folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  const [chunk] = await once(child.stdout, 'data')
  return { child, got: String(chunk).trim() }
}

test('a second holder is refused and told who holds it; other keys are free', async () => {
  const { child, got } = await contender('lab')
  expect(got).toBe('lock')
  const answer = await tryLock('lab', 'mine', folder)
  expect(answer).toMatchObject({ what: 'other', holder: { pid: child.pid } })
  expect(isLocked(await tryLock('cluster', 'mine', folder))).toBe(true)
})

test('the lock of a process that was killed is taken over, by one of many', async () => {
  const { child } = await contender('lab')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const got = await Promise.all([1, 2, 3, 4].map(() => contender('lab')))
  expect(got.map((item) => item.got).toSorted()).toEqual(['lock', 'no', 'no', 'no'])
})

test('a released lock can be had again and leaves no file', async () => {
  const first = await tryLock('lab', 'one', folder)
  if (!isLocked(first)) throw new Error('the lock should be free')
  await first.release()
  expect(await readdir(folder)).toEqual([])
  expect(isLocked(await tryLock('lab', 'two', folder))).toBe(true)
})
