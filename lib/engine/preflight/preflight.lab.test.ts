import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_RULES } from '../../model/safety-rules.ts'
import { eksTarget } from '../../targets/eks.ts'
import { inspectTarget } from './preflight.ts'
import { CONDITIONS } from './testing/conditions.ts'
import {
  ALL,
  attempt,
  awsSaying,
  cluster,
  consent,
  dir,
  instanceId,
  kubeconfigFor,
  node,
  proxies,
  setUp,
  targetFor,
  tearDown,
} from './testing/preflight-bench.ts'

/**
 * Every condition under which a cluster must not be touched, on a lab that plays EKS, with proxies
 * before both its APIs: the run is refused, says what mends it, and has changed nothing.
 */
beforeAll(setUp)
afterAll(tearDown)
beforeEach(() => proxies.restart(awsSaying()))

test('a cluster that consents, with nothing in the way, may be touched', async () => {
  const started = await (
    await targetFor({})
  ).start({
    onStep: () => undefined,
    signal: new AbortController().signal,
  })
  const { refusals, description, notes } = await inspectTarget(started, {
    rules: DEFAULT_RULES,
    faults: ALL,
    plannedMs: 60_000,
    manifests: () => Promise.resolve([]),
  })
  expect(refusals).toEqual([])
  expect(description.zones).toEqual([{ name: 'us-east-1a', nodes: [{ name: node, instanceId }] }])
  expect(notes.join('\n')).toMatch(/act as arn:aws:iam::000000000000:user[^]*CoreDNS runs on/)
  expect(proxies.calls.filter(({ isMutating }) => isMutating)).toEqual([])
  // What is judged without being done was asked.
  expect(proxies.calls.map(({ what }) => what)).toContain('aws:StopInstances')
})

test.for(Object.entries(CONDITIONS))('%s: refused, and nothing changed', async ([, condition]) => {
  const { arrange, run = {}, says, todo } = condition
  const takeBack = await arrange?.()
  try {
    const error = await attempt(run).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'PreflightError',
      message: expect.stringMatching(says),
      hint: expect.stringMatching(todo),
      // That and nothing else: what mends it lets the run begin.
      evidence: { refusals: [expect.anything()] },
    })
    expect(proxies.calls.length).toBeGreaterThan(3)
    expect(proxies.calls.filter(({ isMutating }) => isMutating)).toEqual([])
  } finally {
    await takeBack?.()
  }
})

test('no context, no call', async () => {
  const { kubeconfig } = await kubeconfigFor({})
  await expect(eksTarget({ kubeconfig, namespace: 'x' })).rejects.toThrow(
    'A cluster that is not the lab has to be named by --context.',
  )
  expect(proxies.calls).toEqual([])
})

test('the command line exits with 3, and leaves no report', async () => {
  await cluster.core.deleteNamespacedConfigMap({ namespace: 'zonefall', name: 'consent' })
  try {
    const { kubeconfig, context } = await kubeconfigFor({})
    const out = join(dir, 'cli')
    const main = join(import.meta.dirname, '../../cli/main.ts')
    const args = ['run', 'cassandra/cordon', '--target', 'eks', '--context', context]
    const call = promisify(execFile)(
      process.execPath,
      [main, ...args, '--kubeconfig', kubeconfig, '--out', out],
      { env: process.env },
    )
    await expect(call).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^error: The cluster of context staging has not consented[^\n]*\n {2}npx zonefall init/,
      ),
    })
    expect(await readdir(out).catch(() => [])).toEqual([])
    expect(proxies.calls.filter(({ isMutating }) => isMutating)).toEqual([])
  } finally {
    await consent()
  }
})
