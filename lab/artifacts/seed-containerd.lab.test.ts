import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createRegistry } from '../registry/registry.ts'
import { ensureArtifacts } from './ensure-artifacts.ts'
import type { Artifacts } from './ensure-artifacts.ts'
import { seedContainerdRoot } from './seed-containerd.ts'

/** On a fresh machine everything is built first. */
const BUILD_TIMEOUT_MS = 30 * 60_000
const TIMEOUT_MS = 120_000
const CASSANDRA = 'gcr.io/google-samples/cassandra'
const CASSANDRA_5 = 'docker.io/library/cassandra:5.0'
/** What the tutorial's manifest gives a pod, on the loopback interface. */
const LIKE_THE_POD = [
  '--net-host --cap-add CAP_IPC_LOCK',
  '--cpu-period 100000 --cpu-quota 50000 --memory-limit 1073741824',
  '--env POD_IP=127.0.0.1 --env CASSANDRA_SEEDS=localhost',
  '--env MAX_HEAP_SIZE=512M --env HEAP_NEWSIZE=100M',
  '--env CASSANDRA_CLUSTER_NAME=K8Demo --env CASSANDRA_DC=DC1-K8Demo',
  '--env CASSANDRA_RACK=Rack1-K8Demo',
].join(' ')

let artifacts: Artifacts
let registry: Server
let requests: string[]
let folder: string

beforeAll(async () => {
  artifacts = await ensureArtifacts()
  // Beside the cache: hard links and overlays need its file system.
  folder = await mkdtemp(join(dirname(artifacts.ami), 'tmp', 'test-seed-'))
  const { listener } = createRegistry({ images: artifacts.imageLayouts })
  registry = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
}, BUILD_TIMEOUT_MS)

afterAll(async () => {
  registry.close()
  registry.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
})

/** Seeds a containerd root, starts containerd on it, and runs a script beside it. */
async function onMachine(
  name: string,
  script: string,
): Promise<{ output: string; seedMs: number }> {
  const root = join(folder, name)
  await mkdir(join(root, 'scratch'), { recursive: true })
  requests = []
  const startedAt = performance.now()
  const { binds } = await seedContainerdRoot(artifacts.ami, join(root, 'containerd'))
  const seedMs = performance.now() - startedAt
  await writeFile(join(root, 'script.sh'), script)
  const address = registry.address()
  if (address === null || typeof address === 'string') throw new Error('the registry has no port')
  const child = spawn(
    'unshare',
    [
      '-m',
      '-p',
      '-f',
      '--mount-proc',
      '--kill-child',
      'bash',
      join(import.meta.dirname, 'testing/with-containerd.sh'),
      artifacts.nodeRootfs,
      join(root, 'containerd'),
      join(root, 'scratch'),
      `http://127.0.0.1:${address.port}`,
      join(root, 'script.sh'),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
  )
  child.stdin.end(binds.map(({ source, target }) => `${source} ${target}\n`).join(''))
  const output = await text(child.stdout)
  return { output, seedMs }
}

describe('a machine that starts from the AMI', () => {
  it('has every image without a request, and shares its bytes with the AMI', async () => {
    const { output, seedMs } = await onMachine(
      'present',
      `set -e
      ctr -n k8s.io run --rm ${CASSANDRA}:v13 one /bin/bash -c 'echo "runs: $0"'
      ctr -n k8s.io run --rm registry.k8s.io/coredns/coredns:v1.14.7 two /coredns -version
      touch /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/x || echo read-only
      echo "names: $(ctr -n k8s.io images ls --quiet 'labels."io.cri-containerd.image"==managed' | grep -v sha256: | tr '\\n' ' ')"`,
    )
    expect(output).toContain('runs: /bin/bash')
    expect(output).toContain('CoreDNS-')
    for (const image of [`${CASSANDRA}:v11`, CASSANDRA_5, 'registry.k8s.io/pause:3.10']) {
      expect(output).toMatch(new RegExp(`^names: .*${image} `, 'm'))
    }
    expect(output).toContain('read-only')
    expect(requests).toEqual([])
    expect(seedMs).toBeLessThan(200)
    const mounts = await readFile('/proc/self/mounts', 'utf8')
    expect(mounts).not.toContain(folder)
  })

  it('asks for the tag when told to pull always, and downloads nothing', async () => {
    const pull = `ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d`
    const { output } = await onMachine('pull', `${pull} ${CASSANDRA}:v11 && echo pulled`)
    expect(output).toContain('pulled')
    expect(requests).toEqual(['HEAD /v2/google-samples/cassandra/manifests/v11?ns=gcr.io'])
  })
})

describe("Cassandra with the tutorial's limits", () => {
  it(
    'is Up and Normal before the first probe, answers, and ends on SIGTERM',
    async () => {
      const { output } = await onMachine(
        'cassandra',
        `set -e
        touch /etc/resolv.conf; echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
        inside() { ctr -n k8s.io task exec --exec-id "exec-$RANDOM" db "$@"; }
        now() { date +%s%3N; }
        start=$(now)
        ctr -n k8s.io run --detach ${LIKE_THE_POD} --env CASSANDRA_COMMITLOG_SYNC=batch ${CASSANDRA}:v11 db
        until inside /bin/bash -c /ready-probe.sh 2> /dev/null; do sleep 1; done
        echo "ready: $(( $(now) - start ))"
        start=$(now); inside nodetool status; echo "nodetool: $(( $(now) - start ))"
        inside cqlsh -e "create keyspace awsdemo with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
        inside cqlsh -e "create table awsdemo.t (k text primary key); insert into awsdemo.t (k) values ('row-1'); select * from awsdemo.t"
        echo "endpoints: $(inside nodetool getendpoints awsdemo t row-1)"
        inside grep commitlog_sync /etc/cassandra/cassandra.yaml
        inside grep -E '^(VmLck|VmRSS):' /proc/1/status
        inside java -XX:+UseSerialGC -Xshare:on -version 2>&1 && echo sharing
        inside /bin/sh -c 'POD_IP=127.0.0.11 /ready-probe.sh || echo "another address is not ready"'
        inside /bin/sh -c 'nodetool drain' && echo drained
        start=$(now)
        ctr -n k8s.io task kill --signal TERM db
        until ctr -n k8s.io task ls | grep -q STOPPED; do sleep 0.05; done
        echo "stopped: $(( $(now) - start ))"`,
      )
      const number = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(output)?.[1])
      // initialDelaySeconds of the manifest is 15, timeoutSeconds 5.
      expect(number('ready')).toBeLessThan(15_000)
      expect(number('nodetool')).toBeLessThan(5000)
      expect(output).toMatch(/^UN {2}127\.0\.0\.1 .* Rack1-K8Demo/m)
      expect(output).toContain('Datacenter: DC1-K8Demo')
      expect(output).toContain('row-1')
      expect(output).toContain('endpoints: 127.0.0.1')
      expect(output).toContain('commitlog_sync: batch\ncommitlog_sync_batch_window_in_ms: 2\n')
      expect(number('VmLck')).toBe(0)
      expect(number('VmRSS')).toBeLessThan(512 * 1024)
      expect(output).toContain('sharing')
      expect(output).toContain('another address is not ready')
      expect(output).toContain('drained')
      expect(number('stopped')).toBeLessThan(3000)
    },
    TIMEOUT_MS,
  )
})

describe('the image of Cassandra 5.0', () => {
  it(
    'takes the settings of the official one, answers, and ends on SIGTERM',
    async () => {
      const settings = [
        'CLUSTER_NAME=zones NUM_TOKENS=4 DC=us-east RACK=us-east-1b SEEDS=127.0.0.1',
        'ENDPOINT_SNITCH=GossipingPropertyFileSnitch LISTEN_ADDRESS=127.0.0.1',
        'BROADCAST_ADDRESS=127.0.0.1 RPC_ADDRESS=127.0.0.1 COMMITLOG_SYNC=batch',
      ]
      const environment = settings
        .flatMap((line) => line.split(' '))
        .map((setting) => `--env CASSANDRA_${setting}`)
        .join(' ')
      const { output } = await onMachine(
        'cassandra-5',
        `set -e
        touch /etc/resolv.conf; echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
        mkdir /data
        like_a_pod="--net-host --memory-limit 1073741824 --mount type=bind,src=/data,dst=/var/lib/cassandra,options=rbind:rw"
        heap="--env MAX_HEAP_SIZE=512M --env HEAP_NEWSIZE=100M"
        inside() { ctr -n k8s.io task exec --exec-id "exec-$RANDOM" db "$@"; }
        now() { date +%s%3N; }
        ctr -n k8s.io run --rm --env CASSANDRA_COMMITLOG_SYNC=never ${CASSANDRA_5} wrong 2>&1 || true
        ctr -n k8s.io run --detach $like_a_pod $heap ${environment} ${CASSANDRA_5} db
        until inside cqlsh -e 'SELECT cluster_name, data_center, rack, release_version FROM system.local' 127.0.0.1 2> /dev/null; do sleep 0.5; done
        inside cqlsh -e "SELECT value FROM system_views.settings WHERE name IN ('commitlog_sync', 'num_tokens', 'disk_failure_policy')" 127.0.0.1
        start=$(now); inside nodetool status; echo "nodetool: $(( $(now) - start ))"
        inside cqlsh -e "create keyspace awsdemo with replication = {'class': 'NetworkTopologyStrategy', 'us-east': 1}" 127.0.0.1
        inside cqlsh -e "create table awsdemo.t (k text primary key); insert into awsdemo.t (k) values ('row-1'); select * from awsdemo.t" 127.0.0.1
        inside grep -E '^(Uid|VmRSS):' /proc/1/status
        ctr -n k8s.io task exec --exec-id maps --user 999 db grep -om1 cassandra.jsa /proc/1/maps
        inside env JDK_JAVA_OPTIONS=-Xlog:class+load nodetool version | grep 'tools.NodeTool source:'
        start=$(now)
        ctr -n k8s.io task kill --signal TERM db
        until ctr -n k8s.io task ls | grep -q STOPPED; do sleep 0.05; done
        echo "stopped: $(( $(now) - start ))"
        ls -ln /data`,
      )
      const number = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(output)?.[1])
      expect(output).toContain('CASSANDRA_COMMITLOG_SYNC must be periodic or batch, not never.')
      expect(output).toMatch(/^ *zones \| *us-east \| *us-east-1b \| *5\.0\.9$/m)
      for (const setting of ['batch', '4', 'stop']) {
        expect(output).toMatch(new RegExp(`^ *${setting}$`, 'm'))
      }
      expect(output).toContain('Datacenter: us-east')
      expect(output).toMatch(/^UN {2}127\.0\.0\.1 .* us-east-1b/m)
      expect(number('nodetool')).toBeLessThan(5000)
      expect(output).toContain('row-1')
      expect(output).toMatch(/^Uid:\s+999\s/m)
      expect(number('VmRSS')).toBeLessThan(512 * 1024)
      expect(output).toMatch(/^cassandra\.jsa$/m)
      expect(output).toContain('NodeTool source: shared objects file (top)')
      expect(number('stopped')).toBeLessThan(15_000)
      expect(output).toMatch(/^d.* 999 .* commitlog$/m)
    },
    TIMEOUT_MS,
  )
})
