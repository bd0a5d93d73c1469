import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

let out = ''
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'zonefall-cli-'))
})
afterAll(() => rmSync(out, { recursive: true }))

function zonefall(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'bin.js'), ...args],
    { encoding: 'utf8', env: { ...process.env, KUBECONFIG: join(out, 'no-kubeconfig') } },
  )
  return { code: status, stdout, stderr }
}

test.for(['run', 'list', 'plan', 'doctor', 'cleanup', 'report', 'lab'])(
  '%s --help has an example',
  (command) => {
    const { code, stdout } = zonefall(command, '--help')
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`Examples?:\\n.*npx zonefall ${command}`)),
    })
  },
)

test.for<[string[], RegExp]>([
  [['rum'], /unknown command 'rum'[^]*run/],
  [['run', '--tear', 'smoke'], /unknown option '--tear'[^]*--tier/],
  [['run', '--tier', 'smok'], /must be one of smoke, nightly, full\. Did you mean smoke\?/],
  [['run', '--target', 'eks'], /The target eks is refused/],
  [['run', '--target', 'aks'], /must be one of lab, kubeconfig, eks\. Did you mean eks\?/],
  [['run', '--time-limit', '5'], /a time like 90s, 20m or 2h/],
  [['run', '--manifests', 'x'], /must look like cassandra=/],
  [['run', '--namespace', 'A b'], /lower-case letters/],
  [['plan', '--context', 'x'], /of no use with --target lab/],
  [['plan', '--target', 'kubeconfig'], /has to be named by --context/],
  [['plan', '--target', 'kubeconfig', '--context', 'x'], /no-kubeconfig can't be read/],
  [['list', 'no/such/scenario'], /No scenario matches no\/such\/scenario\.[^]*There are: /],
  [['report', '29990101-000000-none'], /no run 29990101/],
])('%j is refused with exit code 3 and what to do', ([args, message]) => {
  const options = args[0] === 'report' ? ['--out', out] : []
  const { code, stdout, stderr } = zonefall(...args, ...options)
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).not.toContain('    at ')
})

test('clean-up with nothing to do says so; one of a run that is not there is refused', () => {
  expect(zonefall('cleanup', '--out', out)).toMatchObject({
    code: 0,
    stdout: 'There is nothing to undo.\n',
  })
  expect(zonefall('cleanup', '--out', out, '--json')).toMatchObject({ code: 0, stdout: '[]\n' })
  expect(zonefall('cleanup', '--out', out, '--run', 'x')).toMatchObject({ code: 3 })
})

test('outside of the supervisor scenarios are refused with a sentence that says how', () => {
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
  const run = (...args: string[]) => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')),
    )
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', ...args], {
      encoding: 'utf8',
      env,
      cwd: join(import.meta.dirname, '../..'),
    })
    return { status, text: stdout + stderr }
  }
  for (const args of [
    ['--config', 'lib/engine/vitest.scenarios.config.ts'],
    ['scenarios/cassandra'],
  ]) {
    const { status, text } = run(...args)
    expect(status).toBe(1)
    expect(text).toContain('npx zonefall run [FILTER…]')
  }
})
