import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

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

test.for(['run', 'list', 'plan', 'doctor', 'init', 'cleanup', 'report', 'lab'])(
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
  [['run', '--target', 'eks'], /has to be named by --context/],
  [['run', '--target', 'aks'], /must be one of lab, kubeconfig, eks\. Did you mean eks\?/],
  [['run', '--time-limit', '5'], /a time like 90s, 20m or 2h/],
  [['run', '--manifests', 'x'], /must look like cassandra=/],
  [['run', '--namespace', 'A b'], /lower-case letters/],
  [['plan', '--context', 'x'], /of no use with --target lab/],
  [['doctor', '--context', 'x'], /of no use with --target lab/],
  [['run', '--target', 'eks', '--context', 'x'], /no-kubeconfig can't be read/],
  [['plan', '--target', 'kubeconfig'], /has to be named by --context/],
  [['plan', '--target', 'kubeconfig', '--context', 'x'], /no-kubeconfig can't be read/],
  [
    ['list', 'no/such/scenario'],
    /No scenario matches no\/such\/scenario\.[^]*The files are: .*cassandra\/cordon, /,
  ],
  [['list', '--context', 'x'], /Add --target kubeconfig/],
  [['plan', '--budget-usd', '1,5'], /a number like 2\.50/],
  [['list', 'cassandra/cordn'], /Did you mean cassandra\/cordon\?/],
  [['report', '29990101-000000-none'], /no run 29990101/],
  [['cleanup', '--discard-writes'], /--discard-writes is of a migration\.[^]*--migration/],
  [['cleanup', '--migration', 'a b'], /lower-case letters/],
])('%j is refused with exit code 3 and what to do', ([args, message]) => {
  const options = args[0] === 'report' ? ['--out', out] : []
  const { code, stdout, stderr } = zonefall(...args, ...options)
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).not.toContain('    at ')
})

const TUTORIAL = join(import.meta.dirname, '../../manifests/cassandra')

/** `run` on a cluster that is not there: what gets past the check of options ends on that. */
function refusedRun(...args: string[]): string {
  const { code, stderr } = zonefall('run', '--target', 'kubeconfig', '--context', 'x', ...args)
  expect(code).toBe(3)
  return stderr
}

test.for<[string[], RegExp]>([
  [['--manifests', 'casandra=/'], /knows no casandra\.[^]*Did you mean cassandra\?/],
  [['--manifests', 'cassandra=/no/such'], /there is no file or folder \/no\/such\./],
  [['--require', 'cordn'], /--require knows no cordn\.[^]*There are: /],
])('run %j is refused before the target is asked', ([args, message]) => {
  expect(refusedRun(...args)).toMatch(message)
})

test('a planted defect is refused elsewhere than on the lab', () => {
  vi.stubEnv('ZONEFALL_SABOTAGE', 'lost-row')
  try {
    expect(refusedRun()).toContain('ZONEFALL_SABOTAGE=lost-row is refused on a target')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('the tutorial passes the check of manifests', () => {
  expect(refusedRun('--manifests', `cassandra=${TUTORIAL}`)).toContain(
    "no-kubeconfig can't be read",
  )
})

test.for<[string, string, string, RegExp]>([
  ['don’t parse', '20-service.yaml', 'kind: [', /20-service\.yaml:\d+: /],
  ['lack the Service', '20-service.yaml', '', /No Service leads to port 9042/],
  ['lack the container', '30-statefulset.yaml', '9042→9999', /declares containerPort 9042/],
])('manifests that %s are refused before the target is asked', ([, file, change, message]) => {
  const dir = mkdtempSync(join(out, 'manifests-'))
  for (const name of ['10-storageclass.yaml', '20-service.yaml', '30-statefulset.yaml']) {
    const text = readFileSync(join(TUTORIAL, name), 'utf8')
    const [from = '', to] = change.split('→')
    const changed = to === undefined ? change : text.replaceAll(from, to)
    writeFileSync(join(dir, name), name === file ? changed : text)
  }
  expect(refusedRun('--manifests', `cassandra=${dir}`)).toMatch(message)
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
