import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from '../cluster.ts'
import { poll } from '../../std/poll.ts'

/** A real API server with etcd and the controllers that deletion needs, and no kubelet. */
export interface TestApiServer extends AsyncDisposable {
  readonly kubeconfig: string
  readonly context: string
  readonly cluster: Cluster
  /** Its etcd, which speaks JSON too. */
  readonly etcdUrl: string
  /** Makes a node that no kubelet stands behind; `zone` becomes its label. */
  addNode(name: string, zone?: string): Promise<void>
}

const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'persistentvolumeclaim-protection-controller',
  'persistentvolume-protection-controller',
  'statefulset-controller',
  'taint-eviction-controller',
].join(',')

const TOKEN = 'the-token-of-the-tests'

/**
 * Starts it from the binaries that the lab's build left in the cache, or from the folder
 * ZONEFALL_TEST_BINARIES.
 *
 * @param admission an AdmissionConfiguration that the API server is to have
 * @throws Error when there are none, or it doesn't get ready.
 */
export async function startTestApiServer(admission?: object): Promise<TestApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'zonefall-api-'))
  const children: ChildProcess[] = []
  const start = (program: string, args: readonly string[]): void => {
    const log = openSync(join(dir, 'log'), 'a')
    children.push(spawn(program, args, { stdio: ['ignore', log, log], cwd: dir }))
    closeSync(log)
  }
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await kill(child)
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const [clientPort, peerPort, apiPort] = await freePorts(3)
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    await writeFile(join(dir, 'sa.pub'), publicKey)
    await writeFile(join(dir, 'sa.key'), privateKey)
    await writeFile(join(dir, 'tokens'), `${TOKEN},admin,1,"system:masters"\n`)
    await writeFile(join(dir, 'admission.json'), JSON.stringify(admission ?? {}))
    const etcdUrl = `http://127.0.0.1:${clientPort}`
    start(await findBinary('etcd'), [
      `--data-dir=${dir}/etcd`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    ])
    start(await findBinary('kube-apiserver'), [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${apiPort}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${dir}/certs`,
      `--token-auth-file=${dir}/tokens`,
      `--service-account-key-file=${dir}/sa.pub`,
      `--service-account-signing-key-file=${dir}/sa.key`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-cluster-ip-range=10.100.0.0/16',
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      ...(admission ? [`--admission-control-config-file=${dir}/admission.json`] : []),
    ])
    const kubeconfig = join(dir, 'kubeconfig')
    const context = 'test'
    await writeFile(kubeconfig, kubeconfigFor(`https://127.0.0.1:${apiPort}`, context))
    const cluster = await Cluster.connect({ kubeconfig, context })
    await poll({ what: 'the API server', budget: 'nodeReady', intervalMs: 200 }, async () => {
      for (const child of children) {
        if (child.exitCode !== null) {
          const log = await readFile(join(dir, 'log'), 'utf8')
          throw new Error(`A part of the test's API server ended: ${log.slice(-2000)}`)
        }
      }
      try {
        await cluster.core.readNamespace({ name: 'kube-system' })
        await cluster.core.readNamespace({ name: 'default' })
        return { done: true, value: true }
      } catch (error) {
        return { done: false, seen: error }
      }
    })
    start(await findBinary('kube-controller-manager'), [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${CONTROLLERS}`,
      '--leader-elect=false',
      `--secure-port=0`,
    ])
    return {
      kubeconfig,
      context,
      cluster,
      etcdUrl,
      addNode: async (name, zone) => {
        const labels = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }
        await cluster.core.createNode({ body: { metadata: { name, labels } } })
      },
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** An API server with a node in each of the zones a, b and c: node-a, node-b, node-c. */
export async function startThreeZoneApiServer(): Promise<TestApiServer> {
  const api = await startTestApiServer()
  for (const zone of ['a', 'b', 'c']) await api.addNode(`node-${zone}`, zone)
  return api
}

/** A kubeconfig for a server; also of ones that don't exist, which tests need too. */
export function kubeconfigFor(server: string, context: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token: TOKEN } }],
    contexts: [{ name: context, context: { cluster: 'test', user: 'admin' } }],
  })
}

async function findBinary(name: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'zonefall')
  const places = [`${cache}/binaries-*/${name}`, `${cache}/node-rootfs-*/usr/bin/${name}`]
  const given = process.env['ZONEFALL_TEST_BINARIES']
  if (given !== undefined) places.unshift(`${given}/${name}`)
  for await (const path of glob(places)) return path
  throw new Error(`There is no ${name} in ${cache}: npx zonefall lab up builds it.`)
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  return Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.once('listening', () => {
            const address = server.address()
            const port = typeof address === 'object' && address !== null ? address.port : 0
            server.close(() => resolve(port))
          })
        }),
    ),
  )
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
    return Promise.resolve()
  }
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
