import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  kubeconfigFor,
  startTestApiServer,
  type TestApiServer,
} from '../kube/testing/api-server.ts'
import { kubeconfigTarget } from './kubeconfig.ts'

let api: TestApiServer
let dir = ''
const start = { onStep: () => undefined, signal: new AbortController().signal }

beforeAll(async () => {
  api = await startTestApiServer()
  dir = await mkdtemp(join(tmpdir(), 'zonefall-targets-'))
})
afterAll(async () => {
  await rm(dir, { recursive: true })
  await api[Symbol.asyncDispose]()
})

async function fileWith(text: string): Promise<string> {
  const path = join(dir, `kubeconfig-${text.length}`)
  await writeFile(path, text)
  return path
}

test('a context must be named, and be in the file', async () => {
  const { kubeconfig } = api
  await expect(kubeconfigTarget({ kubeconfig, namespace: 'x' })).rejects.toThrow(
    'A cluster that is not the lab has to be named by --context.',
  )
  await expect(
    kubeconfigTarget({ kubeconfig, namespace: 'x', context: 'prod' }),
  ).rejects.toMatchObject({
    name: 'PreflightError',
    message: `The kubeconfig ${kubeconfig} has no context prod.`,
    hint: 'It has: test.',
  })
})

test('a kubeconfig that is absent or none is refused', async () => {
  const of = (kubeconfig: string) =>
    kubeconfigTarget({ kubeconfig, namespace: 'x', context: 'test' })
  await expect(of(join(dir, 'absent'))).rejects.toThrow("can't be read")
  await expect(of(await fileWith('{ this is: no: YAML'))).rejects.toThrow('is no kubeconfig')
})

test('an API server that is not there is refused, and named', async () => {
  const kubeconfig = await fileWith(kubeconfigFor('https://127.0.0.1:45999', 'test'))
  const target = await kubeconfigTarget({ kubeconfig, context: 'test', namespace: 'x' })
  await expect(target.start(start)).rejects.toThrow(
    /^The API server https:\/\/127\.0\.0\.1:45999 of context test can't be reached: .*ECONNREFUSED/,
  )
})

test('credentials that the cluster refuses are refused', async () => {
  const server = api.cluster.kubeconfig.getCurrentCluster()?.server ?? ''
  const text = kubeconfigFor(server, 'test').replace('the-token', 'another-token')
  const target = await kubeconfigTarget({
    kubeconfig: await fileWith(text),
    context: 'test',
    namespace: 'x',
  })
  await expect(target.start(start)).rejects.toThrow(
    'The cluster of context test refuses these credentials: the API server answered 401',
  )
})

test('without zone labels it is refused; with them zones and instances are found', async () => {
  const { kubeconfig, context } = api
  const target = await kubeconfigTarget({ kubeconfig, context, namespace: 'x' })
  await api.addNode('plain')
  await expect(target.start(start)).rejects.toThrow(
    'No node of context test has the label topology.kubernetes.io/zone',
  )
  await api.addNode('node-b', 'us-east-1b')
  await api.cluster.core.createNode({
    body: {
      metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'us-east-1a' } },
      spec: { providerID: 'aws:///us-east-1a/i-0123456789abcdef0' },
    },
  })
  const started = await target.start(start)
  expect(started.description).toMatchObject({
    kind: 'kubeconfig',
    capabilities: ['exec'],
    zones: [
      { name: 'us-east-1a', nodes: [{ name: 'node-a', instanceId: 'i-0123456789abcdef0' }] },
      { name: 'us-east-1b', nodes: [{ name: 'node-b' }] },
    ],
  })
  expect(started.clusterUid).toMatch(/^[0-9a-f-]{36}$/)
})
