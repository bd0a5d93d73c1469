import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { kubeconfigFor } from '../kube/testing/api-server.ts'
import { PROJECT_ROOT } from './collect.ts'
import { Journal } from './journal.ts'
import { findInterruptedRuns, recoverRun } from './recover.ts'

let out = ''
let server: Server
let port = 0
beforeEach(async () => {
  out = mkdtempSync(join(tmpdir(), 'zonefall-recover-'))
  // Takes connections and never answers.
  server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterEach(() => {
  server.close()
  rmSync(out, { recursive: true })
})

/** The folder of a run whose supervisor died with a cordon in effect. */
async function deadRun(
  kind: 'lab' | 'kubeconfig' = 'lab',
): Promise<{ readonly kubeconfig: string; readonly journal: Journal }> {
  const runId = '20260101-000000-dead'
  const kubeconfig = join(out, 'kubeconfig')
  const { createRun } = await import('./run.ts')
  writeFileSync(kubeconfig, kubeconfigFor(`https://127.0.0.1:${port}`, 'lab'))
  const run = await createRun(join(out, runId), {
    format: 1,
    runId,
    startedAt: '2026-01-01T00:00:00.000Z',
    startedAtEpochMs: 0,
    seed: 's',
    target: {
      kind,
      kubeconfig,
      context: 'lab',
      namespace: 'default',
      zones: [],
      capabilities: [],
      images: [],
      differences: [],
      kubernetesVersion: 'v1',
    },
    options: { tier: 'full', keep: false, manifests: {}, require: [] },
    selected: [],
    supervisor: { pid: 1, startTicks: '0', bootId: 'of another boot' },
    clusterUid: 'u',
    lockKey: kind === 'lab' ? `lab test-${port}` : `cluster https://127.0.0.1:${port}`,
    before: {},
  })
  await run.journal.change(
    {
      scenario: 's',
      action: 'cordon',
      undo: { kind: 'set-unschedulable', node: 'a', value: false },
    },
    () => Promise.resolve(),
  )
  return { kubeconfig, journal: run.journal }
}

async function recover() {
  const [run] = await findInterruptedRuns(out)
  if (!run) throw new Error('the run was not found')
  return recoverRun(run)
}

test('a lab that takes connections but does not answer is there: nothing is struck off', async () => {
  const { journal } = await deadRun()
  const recovery = await recover()
  expect(recovery.outcome).toBe('unreachable')
  expect(recovery.text).toMatch(/left 1 changes on a cluster that can't be asked/)
  expect(journal.pending()).toHaveLength(1)
}, 20_000)

test.for(['nothing listens', 'its kubeconfig is gone'])('a lab is gone when %s', async (how) => {
  const { journal, kubeconfig } = await deadRun()
  if (how === 'nothing listens') await new Promise((resolve) => server.close(resolve))
  else rmSync(kubeconfig)
  expect(await recover()).toMatchObject({ outcome: 'gone' })
  expect(journal.pending()).toEqual([])
  expect(readFileSync(journal.path, 'utf8')).toContain('"undone"')
})

test('a run is refused while what another left on its cluster can’t be undone', async () => {
  const { journal, kubeconfig } = await deadRun('kubeconfig')
  await new Promise((resolve) => server.close(resolve))
  const target = ['--target', 'kubeconfig', '--context', 'lab', '--kubeconfig', kubeconfig]
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(PROJECT_ROOT, 'lib/cli/main.ts'), 'run', ...target, '--out', out],
    { encoding: 'utf8' },
  )
  expect(stderr).toMatch(/left 1 changes on a cluster that can't be asked: .*can't be reached/)
  expect(stderr).toContain('npx zonefall cleanup --run 20260101-000000-dead')
  expect(status).toBe(3)
  expect(readdirSync(out).filter((name) => /^\d/.test(name))).toEqual(['20260101-000000-dead'])
  expect(journal.pending()).toHaveLength(1)
})
