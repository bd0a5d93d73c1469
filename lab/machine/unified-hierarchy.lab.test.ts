import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../std/until.ts'
import { SYSTEM_LEAF, UnifiedHierarchy } from './unified-hierarchy.ts'

const PREFIX = `zonefall-unified-test-${process.pid}-`
const GROUP = `${PREFIX}i-1`
const children: ChildProcess[] = []
let root = ''
let hierarchy: UnifiedHierarchy
let enabledBefore: readonly string[] = []

// A host that has v1 mounts v2 beside it (systemd, "hybrid"): it has few controllers there, and all else.
beforeAll(async () => {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  const mount = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')
  if (mount?.[1] === undefined) throw new Error('there is no cgroup2 mount on this host')
  root = mount[1]
  hierarchy = new UnifiedHierarchy(root)
  enabledBefore = (await hierarchy.top()).enabled
})

afterAll(async () => {
  for (const name of (await hierarchy.top()).enabled) {
    if (enabledBefore.includes(name)) continue
    await writeFile(join(root, 'cgroup.subtree_control'), `-${name}`)
  }
})

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  for (const name of await hierarchy.named(PREFIX)) await hierarchy.remove(name)
})

/** A process in the cgroup that counts up in its output, and the number it has come to. */
async function counter(cgroup: string): Promise<{ pid: number; count: () => number }> {
  const child = spawn('sh', ['-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done'])
  children.push(child)
  let seen = 0
  child.stdout.on(
    'data',
    (text: Buffer) => (seen = Number(text.toString().trim().split('\n').at(-1))),
  )
  await once(child.stdout, 'data')
  await writeFile(join(root, cgroup, 'cgroup.procs'), String(child.pid))
  return { pid: child.pid ?? 0, count: () => seen }
}

describe('a cgroup of the unified hierarchy', () => {
  it('is made with its leaf, found by its name, and removed with all below it', async () => {
    await hierarchy.prepare(GROUP)
    await mkdir(join(root, GROUP, 'kubepods/burstable/pod1'), { recursive: true })
    expect(await hierarchy.named(PREFIX)).toEqual([GROUP])
    expect(await readdir(join(root, GROUP))).toEqual(expect.arrayContaining([SYSTEM_LEAF]))
    await hierarchy.remove(GROUP)
    expect(await hierarchy.named(PREFIX)).toEqual([])
  })

  it('tells the processes in it and below it, and is left while it has some', async () => {
    await hierarchy.prepare(GROUP)
    await mkdir(join(root, GROUP, 'kubepods/pod1'), { recursive: true })
    const [one, two] = [
      await counter(`${GROUP}/${SYSTEM_LEAF}`),
      await counter(`${GROUP}/kubepods/pod1`),
    ]
    expect(await hierarchy.processesOf(GROUP)).toEqual(expect.arrayContaining([one.pid, two.pid]))
    await hierarchy.remove(GROUP)
    expect(await hierarchy.named(PREFIX)).toEqual([GROUP])
    expect(await hierarchy.processesOf(GROUP)).toContain(two.pid)
  })

  it('stands still while it is frozen, and goes on', async () => {
    await hierarchy.prepare(GROUP)
    const { count } = await counter(`${GROUP}/${SYSTEM_LEAF}`)
    await hierarchy.freeze(GROUP)
    expect(await readFile(join(root, GROUP, 'cgroup.events'), 'utf8')).toContain('frozen 1')
    // What it wrote before may still be under way to here.
    const frozenAt = await settled(count)
    expect(await settled(count)).toBe(frozenAt)
    await hierarchy.thaw(GROUP)
    await until('the next number', { timeoutMs: 2_000 }, () => count() > frozenAt || undefined)
  })

  it('dies frozen, and can be removed at once', async () => {
    await hierarchy.prepare(GROUP)
    const { pid, count } = await counter(`${GROUP}/${SYSTEM_LEAF}`)
    await hierarchy.freeze(GROUP)
    const frozenAt = await settled(count)
    for (const each of await hierarchy.processesOf(GROUP)) process.kill(each, 'SIGKILL')
    const child = children.find((one) => one.pid === pid)
    if (child?.signalCode === null) await once(child, 'exit')
    await until('an empty cgroup', { timeoutMs: 2_000 }, async () =>
      (await hierarchy.processesOf(GROUP)).length === 0 ? true : undefined,
    )
    expect(count()).toBe(frozenAt)
    await hierarchy.thaw(GROUP)
    await hierarchy.remove(GROUP)
    expect(await hierarchy.named(PREFIX)).toEqual([])
  })

  it('is made anew where a boot before left one that hands out controllers', async () => {
    await hierarchy.prepare(GROUP)
    const top = await hierarchy.top()
    const [controller] = top.enabled
    if (controller !== undefined) {
      await writeFile(join(root, GROUP, 'cgroup.subtree_control'), `+${controller}`)
    }
    await hierarchy.prepare(GROUP)
    await counter(GROUP) // a cgroup that hands out controllers takes none: EBUSY
    expect(await readFile(join(root, GROUP, 'cgroup.subtree_control'), 'utf8')).toBe('')
  })
})

async function settled(count: () => number): Promise<number> {
  let last: number | undefined
  return until('the last number', { timeoutMs: 2_000, intervalMs: 60 }, () => {
    const now = count()
    const same = now === last
    last = now
    return same ? now : undefined
  })
}
