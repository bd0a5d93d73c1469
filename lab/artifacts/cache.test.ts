import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Cache } from './cache.ts'
import type { ArtifactProgress } from './cache.ts'
import { pruneArtifacts } from './ensure-artifacts.ts'
import { artifactsInUse } from './in-use.ts'
import { lock } from './lock.ts'
import type { BuildContext, Recipe } from './recipe.ts'

const KEY = '0123456789abcdef'
const OTHER_KEY = 'fedcba9876543210'
/** This run's own, so that its processes can be told from others'. */
const NAP_SECONDS = String(10_000_000 + process.pid)
let root: string
let cache: Cache
const children: ChildProcess[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zonefall-cache-'))
  cache = new Cache(root)
})
afterEach(async () => {
  // Also what a failed expectation has left running.
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const pid of await processesWith(NAP_SECONDS)) process.kill(Number(pid), 'SIGKILL')
  await rm(root, { recursive: true, force: true })
})

function recipe(build: (context: BuildContext) => Promise<void>, more = {}): Recipe {
  return {
    name: 'ami',
    purpose: 'test',
    dependsOn: [],
    sources: [],
    parameters: {},
    tools: {},
    build,
    ...more,
  }
}

async function ensure(what: Recipe, key = KEY): Promise<ArtifactProgress[]> {
  const told: ArtifactProgress[] = []
  await cache.ensure(
    what,
    key,
    () => '',
    (progress) => told.push(progress),
  )
  return told
}

const hello = (context: BuildContext) => writeFile(join(context.outDir, 'file'), 'hello')

describe('building', () => {
  it('builds once, and says so', async () => {
    let builds = 0
    const counted = recipe(async (context) => {
      builds += 1
      context.step('working')
      await hello(context)
    })
    const first = await ensure(counted)
    expect(first.map(({ state, step }) => `${state}: ${step}`)).toEqual([
      'building: working',
      'building: sealing',
      'built: test',
    ])
    const second = await ensure(counted)
    expect(second.map(({ state }) => state)).toEqual(['present'])
    expect(builds).toBe(1)
  })

  it('of two at a time builds one, and the other waits', async () => {
    let builds = 0
    const slow = recipe(async (context) => {
      builds += 1
      await context.run(['sleep', '0.3'])
      await hello(context)
    })
    const told = await Promise.all([ensure(slow), ensure(slow)])
    expect(builds).toBe(1)
    expect(told.flat().map(({ state }) => state)).toContain('waiting')
  })

  it('leaves nothing of a build that failed, and names the log', async () => {
    const failing = recipe(async (context) => {
      await hello(context)
      await context.run(['sh', '-c', 'echo E: the reason; exit 7'])
    })
    const failed = ensure(failing)
    await expect(failed).rejects.toThrow(
      /sh ended with exit code 7 \(E: the reason\); read .*\.log/,
    )
    expect(existsSync(cache.pathOf('ami', KEY))).toBe(false)
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    await ensure(recipe(hello))
    expect(existsSync(join(cache.pathOf('ami', KEY), 'file'))).toBe(true)
  })

  it('removes what a killed build left, sealed or not', async () => {
    await mkdir(join(root, 'tmp', `ami-${KEY}-dead`, 'out'), { recursive: true })
    await mkdir(join(root, 'tmp', `ami-${OTHER_KEY}-alive`, 'out'), { recursive: true })
    await mkdir(cache.pathOf('ami', KEY))
    await writeFile(join(cache.pathOf('ami', KEY), 'half'), 'h')
    await ensure(recipe(hello))
    expect(await readdir(join(root, 'tmp'))).toEqual([`ami-${OTHER_KEY}-alive`])
    expect(await readdir(cache.pathOf('ami', KEY))).toEqual(['file'])
  })

  it('ends a command that takes too long', async () => {
    const slow = recipe((context) => context.run(['sleep', '60'], { timeoutMs: 100 }))
    await expect(ensure(slow)).rejects.toThrow(/sleep ended with SIGKILL/)
  })

  it('says which command is missing', async () => {
    const needy = recipe(hello, { tools: { 'no-such-command': 'Debian package none' } })
    await expect(cache.checkTools(needy, KEY)).rejects.toThrow(
      /needs no-such-command \(Debian package none\)/,
    )
  })

  it('refuses the use of what it does not depend on', async () => {
    const sly = recipe(async (context) => void context.input('binaries'))
    await expect(ensure(sly)).rejects.toThrow(/uses binaries without depending on it/)
  })
})

describe('what was built', () => {
  it('is built anew when a file was cut short', async () => {
    await ensure(recipe(hello))
    await writeFile(join(cache.pathOf('ami', KEY), 'file'), 'h')
    expect((await ensure(recipe(hello))).at(-1)?.state).toBe('built')
    expect(await readFile(join(cache.pathOf('ami', KEY), 'file'), 'utf8')).toBe('hello')
  })

  it('is compared in full on demand', async () => {
    await ensure(recipe(hello))
    await expect(cache.verify('ami', KEY)).resolves.toBeUndefined()
    await writeFile(join(cache.pathOf('ami', KEY), 'file'), 'HELLO')
    await writeFile(join(cache.pathOf('ami', KEY), 'more'), '')
    await expect(cache.verify('ami', KEY)).rejects.toThrow(/changed: file, added: more/)
    await rm(join(cache.pathOf('ami', KEY), 'file'))
    await expect(cache.verify('ami', KEY)).rejects.toThrow(/missing: file/)
    await expect(cache.verify('ami', OTHER_KEY)).rejects.toThrow(/is not built/)
  })

  it('goes when no version of now uses it, unless it is being built', async () => {
    await ensure(recipe(hello))
    await ensure(recipe(hello), OTHER_KEY)
    const third = '00000000aaaaaaaa'
    await ensure(recipe(hello), third)
    await using _held = await lock(join(root, 'locks', `ami-${third}`), { timeoutMs: 1000 })
    expect(await cache.prune(new Map([['ami', KEY]]))).toEqual([`ami-${OTHER_KEY}`])
    expect(existsSync(cache.pathOf('ami', KEY))).toBe(true)
    expect(existsSync(cache.pathOf('ami', third))).toBe(true)
    expect(existsSync(cache.pathOf('ami', OTHER_KEY))).toBe(false)
  })

  it('stays while a running lab uses it', async () => {
    await ensure(recipe(hello), OTHER_KEY)
    const file = join(cache.pathOf('ami', OTHER_KEY), 'file')
    const config = JSON.stringify({ name: 'test', artifacts: { ami: '/other', images: [file] } })
    const lab = spawn('sleep', [NAP_SECONDS], {
      env: { ...process.env, ZONEFALL_LAB_CONFIG: config },
    })
    children.push(lab)
    await once(lab, 'spawn')
    expect(await artifactsInUse()).toEqual(expect.arrayContaining(['/other', file]))
    expect(await pruneArtifacts({ cache })).toEqual([])
    expect(existsSync(file)).toBe(true)
    lab.kill('SIGKILL')
    await once(lab, 'exit')
    expect(await pruneArtifacts({ cache })).toEqual([`ami-${OTHER_KEY}`])
    expect(existsSync(file)).toBe(false)
  })

  it('stays when it was used lately, if so wished', async () => {
    await ensure(recipe(hello), OTHER_KEY)
    const unused = { unusedForMs: 60_000 }
    const traces = [`ami-${OTHER_KEY}.json`, `logs/ami-${OTHER_KEY}.log`]
    for (const path of traces) await utimes(join(root, path), 0, 0)
    expect((await ensure(recipe(hello), OTHER_KEY)).at(-1)?.state).toBe('present')
    expect(await cache.prune(new Map(), unused)).toEqual([])
    for (const path of traces) await utimes(join(root, path), 0, 0)
    expect(await cache.prune(new Map(), unused)).toEqual([`ami-${OTHER_KEY}`])
  })
})

describe('the lock', () => {
  it('is free as soon as its holder is killed', async () => {
    const path = join(root, 'locks', 'held')
    const program = `import { lock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}
      await lock(${JSON.stringify(path)}, { timeoutMs: 1000 })
      console.log('held'); setInterval(() => {}, 1000)`
    const options = ['--input-type=module-typescript', '--eval', program]
    const holder = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(holder)
    await once(holder.stdout, 'data')
    await expect(lock(path, { timeoutMs: 50 })).rejects.toThrow(/Another process has held/)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await using taken = await lock(path, { timeoutMs: 1000 })
    expect(taken).toBeDefined()
  })

  it('takes a build along when its process is killed', async () => {
    const program = `import { runCommand } from ${JSON.stringify(join(import.meta.dirname, 'run-command.ts'))}
      await runCommand(['sh', '-c', 'echo running; sleep ${NAP_SECONDS} & wait'], ${JSON.stringify(join(root, 'log'))})`
    const options = ['--input-type=module-typescript', '--eval', program]
    const builder = spawn(process.execPath, options, { stdio: 'inherit' })
    children.push(builder)
    await expect
      .poll(() => readFile(join(root, 'log'), 'utf8').catch(() => ''))
      .toMatch(/^running/m)
    expect(await processesWith(NAP_SECONDS)).not.toEqual([])
    builder.kill('SIGKILL')
    await expect.poll(() => processesWith(NAP_SECONDS)).toEqual([])
  })
})

async function processesWith(argument: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const isSleep = command.split('\0').includes(argument)
    if (isSleep) found.push(pid)
  }
  return found
}
