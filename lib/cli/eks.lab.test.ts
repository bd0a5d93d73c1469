import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Aws } from '../aws/aws.ts'
import { whoAmI } from '../aws/identity.ts'
import { takeProjection } from '../engine/leaks.ts'
import { liveZones } from '../engine/preflight/live-zones.ts'
import { Cluster } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'
import { WatchHub } from '../kube/watch-hub/hub.ts'
import { type EksBench, startEksBench } from '../engine/testing/eks-bench.ts'
import { type ForwardProxy, startForwardProxy } from './testing/forward-proxy.ts'
import { runDemo } from './testing/run-demo.ts'

/**
 * What a person goes through on an EKS cluster of theirs, in that order: a refusal, the consent,
 * the doctor, the list, the plan, a run with a fault of EC2; with the rights of manifests/access/.
 */
let bench: EksBench
let on: readonly string[] = []

beforeAll(async () => {
  bench = await startEksBench('eks-test')
  on = ['--target', 'eks', '--context', bench.context]
})
afterEach(() => void vi.unstubAllEnvs())
afterAll(() => bench[Symbol.asyncDispose]())

describe('without consent', () => {
  test('a run is refused with 3, says what mends it, and has changed nothing', async () => {
    await bench.changes()
    const { code, stderr } = await bench.zonefall('run', 'cassandra/power-cut', ...on)
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        /^error: The cluster of context chaos has not consented: [^\n]*\n {2}npx zonefall init --context chaos && kubectl --context chaos apply -f zonefall-consent\.yaml/,
      ),
    })
    expect(await bench.changes()).toEqual([])
    expect((await readdir(bench.dir)).filter((name) => name === 'reports')).toEqual([])
  })

  test('the doctor names that alone', async () => {
    const { code, stdout } = await bench.zonefall('doctor', ...on)
    const problems = stdout.split('\n').filter((line) => line.startsWith('problem'))
    expect([code, ...problems]).toEqual([
      3,
      expect.stringContaining('consent: The cluster of context chaos has not consented'),
    ])
  })
})

describe('once its owner has applied what init wrote', () => {
  test('init has written both files', async () => {
    const { code, stdout } = await bench.zonefall('init', '--context', bench.context)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Wrote zonefall-consent\.yaml .*zonefall\.config\.ts\.$/m),
    ])
    await bench.apply('zonefall-consent.yaml')
  })

  test('the doctor has nothing against it', async () => {
    const { code, stdout } = await bench.zonefall('doctor', ...on)
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/^ok +API server: Kubernetes v1\./),
      'ok       zones: us-east-1a (1 node), us-east-1b (1 node), us-east-1c (1 node)',
      expect.stringMatching(/^ok +rights: all \d+ that a run uses$/),
      'ok       CSI driver: ebs.csi.aws.com',
      expect.stringMatching(
        /^ok +safety: In scope are 3 nodes of the node groups zonefall: ip-\S+, ip-\S+, ip-\S+\.$/,
      ),
      expect.stringMatching(
        /^ok +safety: Faults act as arn:aws:iam::000000000000:user\/\S+ in account 000000000000, us-east-1\.$/,
      ),
      expect.stringMatching(/^ok +safety: CoreDNS runs on ip-/),
      expect.stringMatching(/^ok +safety: The EBS CSI driver's controller runs on ip-/),
      expect.stringMatching(/^ok +AWS rights: \d+ of \d+ tried and allowed; nothing can try /),
      'ok       safety: the cluster consents, and nothing of it is production',
    ])
    expect(code).toBe(0)
  })

  test('list says what runs there, also by the settings alone', async () => {
    const named = await bench.zonefall('list', ...on)
    expect(named.stdout).toMatch(/\n {4}cassandra\/power-cut\/[^\n]+\n[^\n]+\n {4}runs\n/)
    expect(named.stdout).toMatch(/skipped: needs the capability capacity/)
    // The config file has the target, and was found in the folder.
    const settled = await bench.zonefall('list', '--context', bench.context)
    expect([settled.code, settled.stdout]).toEqual([0, named.stdout])
    const { code, stderr } = await bench.zonefall('list', '--config', 'nowhere.ts')
    expect([code, stderr]).toEqual([3, expect.stringContaining('There is no config file')])
  })

  test('plan names what a run would touch, and touches nothing', async () => {
    await bench.changes()
    const { code, stdout } = await bench.zonefall('plan', 'cassandra/power-cut', ...on)
    expect(code).toBe(0)
    const nodes = ['ip-10-0-1-10', 'ip-10-0-2-10', 'ip-10-0-3-10']
    const [a = '', b = '', c = ''] = nodes.map((name) => `${name}.ec2.internal`)
    // Ids are other ones each time.
    const said = stdout
      .replaceAll(/\bi-[0-9a-f]+/g, 'i-…')
      .replaceAll(/-[0-9a-f]{8}-[0-9a-f-]{27}/g, '-…')
    expect(said).toContain(
      `Target: context chaos; namespace zonefall-DATE-TIME-XXXX; tier full.
  zone us-east-1a: ${a}
  zone us-east-1b: ${b}
  zone us-east-1c: ${c}
`,
    )
    expect(said).toContain(
      `Fault power-cut: cuts an instance's power, and starts it again
  Node ${a} (zone us-east-1a; i-…)
  Node ${b} (zone us-east-1b; i-…)
  Node ${c} (zone us-east-1c; i-…)
`,
    )
    expect(said).toContain(`    patch nodes: ${a} ${b} ${c} (out-of-service)\n`)
    expect(said).toContain(
      `  EC2
    DeleteVolume: vol-* (deployment)
    StopInstances: i-… i-… i-… (power-cut)
    StartInstances: i-… i-… i-… (power-cut)
  Auto Scaling
    SuspendProcesses: eks-zonefall-… (power-cut)
    ResumeProcesses: eks-zonefall-… (power-cut)
    SetInstanceHealth: i-… i-… i-… (power-cut)
`,
    )
    expect(said).toMatch(/Cost: about \d+\.\d\d USD for [^]*3 nodes \(3 t3\.medium\)/)
    expect(await bench.changes()).toEqual([])
  })

  test('a Secret that images are pulled with has to be there before anything is touched', async () => {
    await bench.changes()
    vi.stubEnv('ZONEFALL_IMAGE_PULL_SECRET', 'pull')
    const { code, stderr } = await bench.zonefall('run', 'cassandra/power-cut', ...on)
    expect([code, stderr]).toEqual([3, expect.stringMatching(/Secret pull .* is not in namespace/)])
    expect(await bench.changes()).toEqual([])
  })

  test('a scope may be named by the Auto Scaling group, as EC2 tells it', async () => {
    for (const [name, value] of Object.entries(bench.env)) vi.stubEnv(name, value)
    const aws = new Aws({ region: 'us-east-1' })
    try {
      const [group] = await (await aws.autoScaling()).listGroups()
      const nodesOf = async (nodeGroup = '') => {
        const scope = { nodeGroups: [nodeGroup], maxBlastRadius: 10 }
        const zones = await liveZones(bench.owner, { kind: 'eks', scope }, aws)
        return zones.flatMap(({ nodes }) => nodes.map(({ instanceId }) => instanceId))
      }
      const members = group?.Instances?.map(({ InstanceId }) => InstanceId)
      expect(members).toHaveLength(3)
      expect(new Set(await nodesOf(group?.AutoScalingGroupName))).toEqual(new Set(members))
      expect(await nodesOf('eks-another')).toEqual([])
    } finally {
      await aws.close()
    }
  })

  test('instances and groups outside the scope are nothing that a run could leave', async () => {
    for (const [name, value] of Object.entries(bench.env)) vi.stubEnv(name, value)
    const look = async (group: string) => {
      const projection = await takeProjection({
        cluster: bench.owner,
        target: {
          kind: 'eks',
          context: bench.context,
          namespace: 'default',
          aws: { region: 'us-east-1' },
          scope: { nodeGroups: [group], maxBlastRadius: 10 },
        },
        runId: 'r',
        ownsNamespace: false,
      })
      const kinds = ['Instance', 'AutoScalingGroup', 'Subnet'] as const
      return kinds.map((kind) => Object.keys(projection[kind] ?? {}).length)
    }
    expect(await look('zonefall')).toEqual([3, 1, 3])
    expect(await look('another')).toEqual([0, 0, 0])
  })

  test('a run takes the power of a zone and gives it back, and leaves nothing', async () => {
    for (const [name, value] of Object.entries(bench.env)) vi.stubEnv(name, value)
    const { summary } = await runDemo(bench, 'power')
    expect(summary).toMatchObject({
      exitCode: 0,
      results: [{ outcome: 'pass' }],
      leaks: [],
      undoErrors: [],
      target: { kind: 'eks', scope: { nodeGroups: ['zonefall'] } },
    })
    const changes = await bench.changes()
    const calls = changes.filter((change) => /^(autoscaling:)?[A-Z]/.test(change))
    expect(calls).toEqual(
      expect.arrayContaining(['autoscaling:SuspendProcesses', 'StopInstances', 'StartInstances']),
    )
    const audit = await bench.zonefall('cleanup', '--audit', ...on)
    expect([audit.code, audit.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^This user may make none of these, and may not look for them: ServiceAccount, .*\nNothing of any run is left\.$/m,
      ),
    ])
  })
})

describe('behind a proxy that is the only way out', () => {
  const API_SERVER = '0123abcd.gr7.us-east-1.eks.amazonaws.com'
  const AWS = ['autoscaling', 'ec2', 'eks', 'sts'].map((name) => `${name}.us-east-1.amazonaws.com`)
  let proxy: ForwardProxy
  let kubeconfig = ''

  beforeAll(async () => {
    const text = await readFile(bench.kubeconfig, 'utf8')
    const [, server = '', port = ''] = /server: (https:\/\/127\.0\.0\.1:(\d+))/.exec(text) ?? []
    proxy = await startForwardProxy({
      apiServer: { host: API_SERVER, port: Number(port) },
      awsEndpoint: bench.awsEndpoint,
      assumedRole: assumedRole(bench.env),
    })
    kubeconfig = join(bench.dir, 'proxied-kubeconfig')
    // The lab's certificate is for its own names.
    const named = `server: https://${API_SERVER}\n      tls-server-name: kubernetes`
    await writeFile(kubeconfig, text.replace(`server: ${server}`, named), { mode: 0o600 })
    await writeFile(join(bench.dir, 'ca.crt'), proxy.caCertificate)
    await writeFile(join(bench.dir, 'aws-config'), AWS_CONFIG)
  })
  afterAll(() => proxy[Symbol.asyncDispose]())

  test('the doctor asks all that it asks by it, and so is the role assumed', async () => {
    const behind = {
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: join(bench.dir, 'ca.crt'),
      KUBECONFIG: kubeconfig,
      AWS_CONFIG_FILE: join(bench.dir, 'aws-config'),
      AWS_PROFILE: 'assuming',
    }
    const direct = await bench.zonefall('doctor', ...on)
    const { code, stdout, stderr } = await bench.zonefallWith(behind, 'doctor', ...on)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: direct.stdout, stderr: '' })
    expect(new Set(proxy.hosts)).toEqual(new Set([API_SERVER, ...AWS]))
    // The first of them are those that fetch the credentials.
    expect(proxy.hosts.filter((host) => host.startsWith('sts')).length).toBeGreaterThan(1)

    const before = proxy.hosts.length
    const past = { ...behind, NO_PROXY: 'example.com,.amazonaws.com' }
    const refused = await bench.zonefallWith(past, 'doctor', ...on)
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining(API_SERVER)])
    expect(proxy.hosts.length).toBe(before)
  })

  test('sessions in pods and watches go by it as well; calls past it don’t', async () => {
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's')
    const cluster = await Cluster.connect({ kubeconfig, context: bench.context })
    const count = () => proxy.hosts.filter((host) => host === API_SERVER).length
    const pods = await cluster.core.listNamespacedPod({
      namespace: 'kube-system',
      labelSelector: 'app=ebs-csi-controller',
    })
    const [pod] = pods.items
    const before = count()
    const command = ['node', '--version']
    const said = await execInPod(cluster, {
      namespace: 'kube-system',
      pod: pod?.metadata?.name ?? '',
      container: 'ebs-plugin',
      command,
    })
    expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^v\d+\./) })
    const afterExec = count()
    expect(afterExec).toBeGreaterThan(before)
    await using hub = await WatchHub.start(cluster, { namespace: 'kube-system', kinds: ['node'] })
    expect(hub.state('node').size).toBe(3)
    expect(count()).toBeGreaterThan(afterExec)

    vi.stubEnv('NO_PROXY', '.amazonaws.com')
    const asked = proxy.hosts.length
    await expect(whoAmI({ region: 'us-east-1' })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/)
    const past = await Cluster.connect({ kubeconfig, context: bench.context })
    await expect(past.version.getCode()).rejects.toThrow('did not answer')
    expect(proxy.hosts.length).toBe(asked)
  })
})

const AWS_CONFIG = `[profile assuming]
role_arn = arn:aws:iam::000000000000:role/zonefall
source_profile = person
region = us-east-1

[profile person]
aws_access_key_id = AKIDPERSON
aws_secret_access_key = secret
region = us-east-1
`

/** A session with the keys that the lab knows. */
function assumedRole(env: Readonly<Record<string, string>>): string {
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
    <Credentials>
      <AccessKeyId>${env['AWS_ACCESS_KEY_ID']}</AccessKeyId>
      <SecretAccessKey>${env['AWS_SECRET_ACCESS_KEY']}</SecretAccessKey>
      <SessionToken>token</SessionToken><Expiration>${expires}</Expiration>
    </Credentials>
  </AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>`
}
