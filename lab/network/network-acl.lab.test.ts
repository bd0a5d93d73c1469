import {
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  DeleteNetworkAclCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  ReplaceNetworkAclAssociationCommand,
  RunInstancesCommand,
  type CreateNetworkAclEntryCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { LabAccess } from '../cli/up.ts'
import { ec2Client, labCommand, labUp, onMachine } from '../testing/lab-under-test.ts'
import { until } from '../std/until.ts'

const NAME = 'test-nacl'
const PORT = 7000
const OTHER_PORT = 7001

/** A machine's name and address. */
interface Host {
  readonly node: string
  readonly ip: string
}

let access: LabAccess
let ec2: EC2Client
let core: CoreV1Api
/** Two machines in zone a, one in b, one in c. */
let a: Host, neighbour: Host, b: Host, c: Host

beforeAll(async () => {
  await labCommand(NAME, 'down')
  access = await labUp(NAME, '--timers', 'short')
  ec2 = ec2Client(access)
  const config = new KubeConfig()
  config.loadFromFile(access.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  const [first, ...others] = await hosts()
  await ec2.send(
    new RunInstancesCommand({
      ImageId: first?.imageId,
      InstanceType: 't3.medium',
      SubnetId: first?.subnetId,
      MinCount: 1,
      MaxCount: 1,
    }),
  )
  const all = await until('four machines', { timeoutMs: 60_000 }, async () => {
    const found = await hosts()
    return found.length === 4 ? found : undefined
  })
  const added = all.find(({ ip }) => ![first, ...others].some((one) => one?.ip === ip))
  const [one, two, three] = [first, ...others]
  if (!one || !two || !three || !added) throw new Error('the lab has too few machines')
  a = one
  b = two
  c = three
  neighbour = added
  await Promise.all([a, neighbour, b, c].map(listen))
}, 1_800_000)

afterAll(async () => {
  ec2.destroy()
  await labCommand(NAME, 'down')
}, 60_000)

describe('an ACL that denies everything', () => {
  it('cuts a zone off, in silence, and gives everything back', { timeout: 180_000 }, async () => {
    const [across, inside] = [stream(b), stream(neighbour)]
    await Promise.all([across.begin(), inside.begin()])
    await Promise.all([across.reaches('moves'), inside.reaches('moves')])

    const { NetworkAcl: acl } = await ec2.send(
      new CreateNetworkAclCommand({ VpcId: await vpcId() }),
    )
    const aclId = acl?.NetworkAclId ?? ''
    const before = await associationOf(a)
    await associate(before.associationId, aclId)

    await across.reaches('hangs')
    const apiServer = { node: '', ip: '10.0.0.2' }
    const [fromCut, fromB, fromC] = await Promise.all([
      dial(a, [b, PORT], [apiServer, 443], [neighbour, PORT]),
      dial(b, [a, PORT], [c, PORT], [apiServer, 443]),
      dial(c, [b, PORT]),
    ])
    expect(fromCut).toBe('silence silence open')
    expect(fromB).toBe('silence open open')
    expect(fromC).toBe('open')
    expect(await inside.look()).toBe('moves')
    await ready(a, false)
    await ready(neighbour, false)
    await ready(b, true)

    const cut = await associationOf(a)
    expect(cut.aclId).toBe(aclId)
    await associate(cut.associationId, before.aclId)
    await ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: aclId }))
    // The same connection: it was never reset.
    await across.reaches('moves')
    await ready(a, true)
    await ready(neighbour, true)
  })
})

describe("an ACL's rules", () => {
  it(
    'are tried in order, for packets of both directions and for pods',
    { timeout: 90_000 },
    async () => {
      const { NetworkAcl: acl } = await ec2.send(
        new CreateNetworkAclCommand({ VpcId: await vpcId() }),
      )
      const aclId = acl?.NetworkAclId ?? ''
      const rule = (entry: Partial<CreateNetworkAclEntryCommandInput>) =>
        ec2.send(
          new CreateNetworkAclEntryCommand({
            NetworkAclId: aclId,
            RuleNumber: 100,
            Egress: false,
            Protocol: '-1',
            RuleAction: 'allow',
            CidrBlock: '0.0.0.0/0',
            ...entry,
          }),
        )
      const ports = (from: number, to = from) => ({
        Protocol: '6',
        PortRange: { From: from, To: to },
      })
      const { pod, home } = await dnsPod()
      const [guarded, other] = [a, b, c].filter(({ ip }) => subnetOf(ip) !== subnetOf(home.ip))
      if (guarded === undefined || other === undefined) throw new Error('there are too few zones')
      const cidr = subnetOf(home.ip)
      // Nobody in the pod's zone reaches the second port; but for that everything comes in.
      await rule({ RuleNumber: 50, ...ports(OTHER_PORT), CidrBlock: cidr, RuleAction: 'deny' })
      await rule({ RuleNumber: 60 })
      // Answers go out to the pod's zone alone, and everything to the control plane.
      await rule({ RuleNumber: 50, Egress: true, ...ports(1024, 65_535), CidrBlock: cidr })
      await rule({ RuleNumber: 60, Egress: true, CidrBlock: '10.0.0.0/24' })
      const before = await associationOf(guarded)
      expect(await dial(guarded, [pod, 53])).toBe('open')
      await associate(before.associationId, aclId)

      await until('the rules', { timeoutMs: 10_000 }, async () =>
        (await dial(other, [guarded, PORT])) === 'silence' ? true : undefined,
      )
      expect(await dial(home, [guarded, PORT], [guarded, OTHER_PORT])).toBe('open silence')
      // What the guarded machine asks goes to a low port, and is not an answer.
      expect(await dial(guarded, [pod, 53])).toBe('silence')
      await rule({ RuleNumber: 70, Egress: true, ...ports(53), CidrBlock: cidr })
      await until('a pod of the subnet', { timeoutMs: 10_000 }, async () =>
        (await dial(guarded, [pod, 53])) === 'open' ? true : undefined,
      )
      await ready(guarded, true)

      await associate((await associationOf(guarded)).associationId, before.aclId)
      await ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: aclId }))
      await until('the end of the rules', { timeoutMs: 10_000 }, async () =>
        (await dial(other, [guarded, PORT])) === 'open' ? true : undefined,
      )
    },
  )
})

async function hosts() {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({
      Filters: [{ Name: 'instance-state-name', Values: ['running'] }],
    }),
  )
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .map((one) => ({
      node: one.PrivateDnsName ?? '',
      ip: one.PrivateIpAddress ?? '',
      subnetId: one.SubnetId ?? '',
      imageId: one.ImageId ?? '',
    }))
    .sort((x, y) => (x.ip < y.ip ? -1 : 1))
}

/** Node.js on a machine; `background` returns at once. */
const script = (host: Host, code: string, background = false): Promise<string> => {
  const run = `node -e "$(echo ${Buffer.from(code).toString('base64')} | base64 -d)"`
  const bin = 'PATH=/opt/zonefall:$PATH'
  return onMachine(
    NAME,
    host.node,
    background ? `${bin} setsid nohup ${run} > /dev/null 2>&1 & true` : `${bin} ${run}`,
  )
}

/** Says back what it hears, on two ports. */
async function listen(host: Host): Promise<void> {
  const code = `for (const port of [${PORT}, ${OTHER_PORT}]) require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(port)`
  await script(host, code, true)
}

/** What becomes of new connections, all at once: each opens, is refused, or gets no answer. */
async function dial(from: Host, ...targets: readonly (readonly [Host, port: number])[]) {
  const code = `const { connect } = require('net');
    const dial = ([host, port]) => new Promise((say) => {
      const s = connect({ host, port }); s.on('connect', () => say('open'));
      s.on('error', (e) => say(e.code)); setTimeout(say, 1500, 'silence') });
    Promise.all(${JSON.stringify(targets.map(([{ ip }, port]) => [ip, port]))}.map(dial))
      .then((all) => { console.log(all.join(' ')); process.exit() })`
  return (await script(from, code)).trim()
}

/** One connection out of zone a, on which something is said ten times a second and comes back. */
function stream(to: Host) {
  const file = `/tmp/stream-${to.ip}`
  const begin = () =>
    script(
      a,
      `const { writeFileSync, renameSync } = require('fs'); let heardMs = 0, state = 'opening';
       const note = () => { writeFileSync('${file}.new', JSON.stringify({ state, silentMs: Date.now() - heardMs })); renameSync('${file}.new', '${file}') };
       note(); const s = require('net').connect(${PORT}, '${to.ip}', () => { state = 'open' });
       s.on('data', () => { heardMs = Date.now() }); s.on('error', (e) => { state = e.code });
       s.on('end', () => { state = 'ended' }); setInterval(() => { s.write('x'); note() }, 100)`,
      true,
    )
  /** `moves` or `hangs`, or what became of it. */
  const look = async () => {
    const found = z.object({ state: z.string(), silentMs: z.number() })
    const { state, silentMs } = found.parse(
      JSON.parse(await onMachine(NAME, a.node, `cat ${file}`)),
    )
    if (state !== 'open') return state
    return silentMs < 1000 ? 'moves' : 'hangs'
  }
  const reaches = (wanted: string) =>
    until(`a stream that ${wanted}`, { timeoutMs: 60_000 }, async () =>
      (await look()) === wanted ? true : undefined,
    )
  return { begin, look, reaches }
}

async function vpcId(): Promise<string> {
  const { NetworkAcls: [acl] = [] } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: 'default', Values: ['true'] }] }),
  )
  return acl?.VpcId ?? ''
}

/** The one association of a machine's subnet. */
async function associationOf(host: Host): Promise<{ associationId: string; aclId: string }> {
  const subnetId = (await hosts()).find(({ ip }) => ip === host.ip)?.subnetId ?? ''
  const { NetworkAcls = [] } = await ec2.send(
    new DescribeNetworkAclsCommand({
      Filters: [{ Name: 'association.subnet-id', Values: [subnetId] }],
    }),
  )
  const found = NetworkAcls.flatMap(({ Associations = [] }) => Associations)
  const [own] = found.filter(({ SubnetId }) => SubnetId === subnetId)
  return { associationId: own?.NetworkAclAssociationId ?? '', aclId: own?.NetworkAclId ?? '' }
}

const associate = (associationId: string, aclId: string) =>
  ec2.send(
    new ReplaceNetworkAclAssociationCommand({ AssociationId: associationId, NetworkAclId: aclId }),
  )

/** A pod of the lab's DNS, and the machine it is on. */
async function dnsPod(): Promise<{ pod: Host; home: Host }> {
  const labels = { namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns' }
  const { items } = await core.listNamespacedPod(labels)
  const { spec, status } = items[0] ?? {}
  const home = (await hosts()).find(({ node }) => node === spec?.nodeName)
  if (home === undefined || status?.podIP === undefined) throw new Error('there is no DNS pod')
  return { pod: { node: '', ip: status.podIP }, home }
}

const subnetOf = (ip: string): string => `${ip.split('.').slice(0, 3).join('.')}.0/24`

/** Waits until a node is Ready, or no longer. */
async function ready(host: Host, wanted: boolean): Promise<void> {
  const what = `${host.node} to be ${wanted ? '' : 'not '}ready`
  await until(what, { timeoutMs: 90_000 }, async () => {
    const { status } = await core.readNode({ name: host.node })
    const found = status?.conditions?.find(({ type }) => type === 'Ready')?.status
    return (found === 'True') === wanted ? true : undefined
  })
}
