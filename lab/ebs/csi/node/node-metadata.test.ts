import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { loadKubeAccess } from './kube-config.ts'
import { metadataOf, readNodeMetadata, topologyOf, volumeLimit } from './node-metadata.ts'

const NODE = {
  metadata: {
    labels: {
      'topology.kubernetes.io/zone': 'us-east-1b',
      'topology.kubernetes.io/region': 'us-east-1',
      'node.kubernetes.io/instance-type': 't3.medium',
    },
  },
  spec: { providerID: 'aws:///us-east-1b/i-0123456789abcdef0' },
}
const METADATA = {
  instanceId: 'i-0123456789abcdef0',
  zone: 'us-east-1b',
  region: 'us-east-1',
  instanceType: 't3.medium',
}

let cleanUp = new AsyncDisposableStack()
afterEach(async () => {
  await cleanUp.disposeAsync()
  cleanUp = new AsyncDisposableStack()
})

/** An API server that gives these answers, one after the other, to whoever has the token. */
async function apiServer(answers: readonly { status: number; body: object }[]) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.writeHead(answer?.status ?? 500).end(JSON.stringify(answer?.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUp.defer(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no port.')
  return { asked, url: `http://127.0.0.1:${address.port}` }
}

async function kubeconfigFor(url: string): Promise<string> {
  const folder = cleanUp.use(await temporaryFolder()).path
  const path = join(folder, 'kubeconfig')
  await writeFile(join(folder, 'token'), 'secret\n')
  await writeFile(
    path,
    `apiVersion: v1
kind: Config
current-context: lab
clusters: [{name: c, cluster: {server: "${url}"}}]
contexts: [{name: lab, context: {cluster: c, user: u}}]
users: [{name: u, user: {tokenFile: token}}]
`,
  )
  return path
}

describe('what the machine is', () => {
  test('is read once the Node object is there and has its labels', async () => {
    const api = await apiServer([
      { status: 404, body: { message: 'nodes "n" not found' } },
      { status: 200, body: { ...NODE, metadata: { labels: {} } } },
      { status: 200, body: NODE },
    ])
    const kubeconfig = await kubeconfigFor(api.url)
    const { signal } = new AbortController()
    expect(await readNodeMetadata('n', kubeconfig, signal)).toEqual(METADATA)
    expect(api.asked).toEqual(Array.from({ length: 3 }, () => 'GET /api/v1/nodes/n Bearer secret'))
  })

  test('is not waited for any longer once the process is told to stop', async () => {
    const kubeconfig = await kubeconfigFor('http://127.0.0.1:1')
    const stop = new AbortController()
    const reading = readNodeMetadata('n', kubeconfig, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(reading).rejects.toThrow('stopped')
  })

  test.each([
    [{ ...NODE, spec: {} }, 'providerID "" names no instance'],
    [{ ...NODE, spec: { providerID: 'kind://docker/x' } }, 'names no instance'],
    [{ ...NODE, metadata: {} }, 'label topology.kubernetes.io/zone is missing'],
  ])('is not in %j', (node, message) => {
    expect(() => metadataOf(node)).toThrow(message)
  })

  test('gives the topology and the limit of volumes', () => {
    expect(topologyOf(METADATA)).toEqual({
      'topology.ebs.csi.aws.com/zone': 'us-east-1b',
      'topology.kubernetes.io/zone': 'us-east-1b',
      'kubernetes.io/os': 'linux',
    })
    expect([volumeLimit('t3.medium'), volumeLimit('t2.large')]).toEqual([27, 38])
  })
})

describe('a kubeconfig', () => {
  const write = async (text: string) => {
    const path = join(cleanUp.use(await temporaryFolder()).path, 'config')
    await writeFile(path, text)
    return path
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  test('in JSON, with certificates inside, is read', async () => {
    const path = await write(
      JSON.stringify({
        clusters: [
          {
            name: 'c',
            cluster: { server: 'https://10.0.0.2', 'certificate-authority-data': base64('ca') },
          },
        ],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        users: [
          {
            name: 'u',
            user: { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
          },
        ],
      }),
    )
    expect(await loadKubeAccess(path)).toEqual({
      server: 'https://10.0.0.2',
      ca: Buffer.from('ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
      insecure: false,
    })
  })

  test.each([
    ['{}', 'has no context called ""'],
    [
      'contexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: s}}]',
      'has no user called "u"',
    ],
    [
      'contexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: {exec: {}}}]',
      'neither a client certificate nor a token',
    ],
  ])('%s is refused', async (text, message) => {
    await expect(loadKubeAccess(await write(text))).rejects.toThrow(message)
  })

  test('is needed outside a pod', async () => {
    await expect(loadKubeAccess(undefined)).rejects.toThrow('set KUBECONFIG')
  })
})
