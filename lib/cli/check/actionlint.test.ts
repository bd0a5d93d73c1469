import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** As Go's modules name it. */
const MODULE = 'github.com/rhysd/actionlint/cmd/actionlint'
const VERSION = 'v1.7.12'
const BUILD_MS = 8 * 60_000

const WORKFLOW = join(import.meta.dirname, '../../../docs/nightly.yml')

/** Builds it once for all clones on this machine; undefined where there is no Go. */
async function actionlint(): Promise<string | undefined> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zonefall')
  const program = join(cache, `actionlint-${VERSION}`, 'actionlint')
  if (existsSync(program)) return program
  if (spawnSync('go', ['version']).status !== 0) return undefined
  await mkdir(cache, { recursive: true })
  const made = await mkdtemp(join(cache, 'actionlint-build-'))
  try {
    const env = { ...process.env, GOBIN: made, GOFLAGS: '-mod=mod' }
    await promisify(execFile)('go', ['install', `${MODULE}@${VERSION}`], { env, timeout: BUILD_MS })
    // Another clone may have been quicker, with the same.
    await rename(made, dirname(program)).catch(() => undefined)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return program
}

/** What it finds wrong with a workflow, a line each; its schema, expressions and shell. */
function lint(program: string, text: string): string[] {
  const { stdout, stderr, status } = spawnSync(program, ['-no-color', '-oneline', '-'], {
    input: text,
    encoding: 'utf8',
  })
  if (status !== 0 && status !== 1) throw new Error(`actionlint ended with ${status}: ${stderr}`)
  return stdout.split('\n').filter((line) => line !== '')
}

test(
  'the nightly workflow passes actionlint, and one that is wrong does not',
  { timeout: BUILD_MS + 60_000 },
  async ({ skip }) => {
    const program = await actionlint()
    if (program === undefined) {
      skip('there is no Go to build actionlint with')
      return
    }
    const text = await readFile(WORKFLOW, 'utf8')
    expect(lint(program, text)).toEqual([])
    expect(lint(program, text.replace('id-token: write', 'id-tokens: write'))).toEqual([
      expect.stringContaining('id-tokens'),
    ])
    expect(lint(program, text.replace('env.AWS_REGION', 'envs.AWS_REGION'))).toEqual([
      expect.stringContaining('envs'),
    ])
  },
)
