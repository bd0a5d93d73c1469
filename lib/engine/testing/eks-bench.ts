import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { accessManifest, migrationManifest } from '../access-manifest.ts'
import { restrictedKubeconfig, writeLabPolicy } from './restricted-access.ts'
import { Cluster } from '../../kube/cluster.ts'
import { loadManifests } from '../../kube/manifests.ts'
import { PROJECT_ROOT } from '../collect.ts'
import { LAB_COMMAND } from '../../targets/lab.ts'

/** What somebody typed, and what came of it. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A lab as a person meets an EKS cluster: by a context as `aws eks update-kubeconfig` writes one,
 * by the endpoints of AWS in the environment, with the rights of `manifests/access/` and no others.
 */
export interface EksBench extends AsyncDisposable {
  readonly context: string
  /** The restricted user's. */
  readonly kubeconfig: string
  /** Where a person would call zonefall: config file, consent and reports are there. */
  readonly dir: string
  /** Variables of the environment that a person would have set. */
  readonly env: Readonly<Record<string, string>>
  /** The owner of the cluster, who may do everything. */
  readonly owner: Cluster
  /** The owner's, with a context of the same name. */
  readonly ownerKubeconfig: string
  /** Of EC2, Auto Scaling, EKS and STS. */
  readonly awsEndpoint: string
  /** Runs `zonefall …` in `dir`. */
  zonefall(...args: readonly string[]): Promise<Outcome>
  /** The same with other variables in place of `env`. */
  zonefallWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome>
  /** `kubectl apply -f` of the owner's, of a file in `dir`. */
  apply(file: string): Promise<void>
  /** What was changed in the cluster by the restricted user, and in the account, since the last time. */
  changes(): Promise<readonly string[]>
}

const up = z.object({
  kubeconfig: z.string(),
  context: z.string(),
  ec2Endpoint: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  logs: z.string(),
})
const kubeconfigShape = z.looseObject({
  clusters: z.array(z.looseObject({ name: z.string() })),
  contexts: z.array(
    z.looseObject({
      name: z.string(),
      context: z.looseObject({ cluster: z.string(), user: z.string() }),
    }),
  ),
  users: z
    .array(
      z.object({
        name: z.string(),
        user: z.object({
          as: z.string(),
          'client-certificate-data': z.base64(),
          'client-key-data': z.base64(),
        }),
      }),
    )
    .length(1),
})
const auditLine = z.object({
  verb: z.string(),
  requestURI: z.string(),
  impersonatedUser: z.object({ username: z.string() }).optional(),
})
const failed = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() })

const CONTEXT = 'chaos'
const EKS_ARN = 'arn:aws:eks:us-east-1:000000000000:cluster/zonefall-lab'

/**
 * Boots a lab of three zones with short timers, and gives it a user.
 *
 * @param migrates whether the user may do what a migration needs, too: of instances and volumes
 *   whose `Name` begins with `legacy-cassandra-`
 */
export async function startEksBench(
  name: string,
  { migrates = false }: { readonly migrates?: boolean } = {},
): Promise<EksBench> {
  const dir = await mkdtemp(join(tmpdir(), 'zonefall-eks-'))
  const [program, ...prefix] = LAB_COMMAND
  const lab = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(program, [...prefix, '--name', name, ...args])
    return stdout.trim().split('\n').at(-1) ?? ''
  }
  const policy = await writeLabPolicy(
    dir,
    'zonefall-*',
    migrates ? 'legacy-cassandra-*' : undefined,
  )
  const access = up.parse(
    JSON.parse(await lab('up', '--json', '--timers', 'short', '--iam-policy', policy)),
  )
  const owner = await Cluster.connect(access)
  const roles = [accessManifest(), ...(migrates ? [migrationManifest()] : [])]
  const plain = await restrictedKubeconfig(owner, access.kubeconfig, dir, roles)
  const kubeconfig = join(dir, 'eks-kubeconfig')
  await writeFile(kubeconfig, await asEks(await readFile(plain, 'utf8'), dir), { mode: 0o600 })
  const ownerKubeconfig = join(dir, 'owner-kubeconfig')
  const owned = await readFile(access.kubeconfig, 'utf8')
  await writeFile(ownerKubeconfig, owned.replaceAll(access.context, CONTEXT), { mode: 0o600 })
  const env = {
    ...Object.fromEntries(
      ['EC2', 'AUTO_SCALING', 'EKS', 'STS'].map((service) => [
        `AWS_ENDPOINT_URL_${service}`,
        access.ec2Endpoint,
      ]),
    ),
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    KUBECONFIG: kubeconfig,
  }
  const zonefallWith: EksBench['zonefallWith'] = async (variables, ...args) => {
    const main = join(PROJECT_ROOT, 'lib/cli/main.ts')
    try {
      const options = { cwd: dir, env: { ...process.env, ...variables }, maxBuffer: 64 << 20 }
      const done = await promisify(execFile)(process.execPath, [main, ...args], options)
      return { code: 0, ...done }
    } catch (error) {
      const outcome = failed.safeParse(error)
      if (!outcome.success) throw error
      return outcome.data
    }
  }
  const seen = { audit: 0, ec2: 0 }
  const linesSince = async (which: keyof typeof seen): Promise<string[]> => {
    const lines = (await readFile(join(access.logs, `${which}.log`), 'utf8')).split('\n')
    const fresh = lines.slice(seen[which], -1)
    seen[which] = lines.length - 1
    return fresh
  }
  return {
    context: CONTEXT,
    kubeconfig,
    dir,
    env,
    owner,
    ownerKubeconfig,
    awsEndpoint: access.ec2Endpoint,
    zonefall: (...args) => zonefallWith(env, ...args),
    zonefallWith,
    apply: async (file) => {
      for (const { object } of await loadManifests(join(dir, file))) {
        await owner.objects.create(object)
      }
    },
    changes: async () => [
      ...(await linesSince('audit')).flatMap((line) => objectChange(line)),
      ...(await linesSince('ec2')).flatMap((line) => accountChange(line)),
    ],
    [Symbol.asyncDispose]: async () => {
      await lab('down')
      await rm(dir, { recursive: true })
    },
  }
}

/**
 * As `aws eks update-kubeconfig --alias chaos` writes it: its names, and a command that fetches
 * credentials. What the command gives is a certificate, for the lab knows no tokens of IAM.
 */
async function asEks(text: string, dir: string): Promise<string> {
  const { clusters, contexts, users } = kubeconfigShape.parse(parse(text))
  const [{ user } = { user: undefined }] = users
  const pem = (base64 = ''): string => Buffer.from(base64, 'base64').toString('utf8')
  const command = join(dir, 'aws')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    kind: 'ExecCredential',
    status: {
      expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString(),
      clientCertificateData: pem(user?.['client-certificate-data']),
      clientKeyData: pem(user?.['client-key-data']),
    },
  }
  await writeFile(join(dir, 'credential.json'), JSON.stringify(credential), { mode: 0o600 })
  await writeFile(command, `#!/bin/sh\nexec cat ${dir}/credential.json\n`, { mode: 0o700 })
  const args = ['--region', 'us-east-1', 'eks', 'get-token', '--cluster-name', 'zonefall-lab']
  const exec = { apiVersion: credential.apiVersion, command, args: [...args, '--output', 'json'] }
  for (const cluster of clusters) cluster.name = EKS_ARN
  for (const entry of contexts) {
    entry.name = CONTEXT
    entry.context = { ...entry.context, cluster: EKS_ARN, user: EKS_ARN }
  }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters,
    contexts,
    users: [{ name: EKS_ARN, user: { as: user?.as, exec } }],
    'current-context': CONTEXT,
  })
}

/** Reviews ask what one may do, and dry runs what would happen. */
function objectChange(line: string): string[] {
  const { verb, requestURI, impersonatedUser } = auditLine.parse(JSON.parse(line))
  if (impersonatedUser === undefined || /reviews(\?|$)/.test(requestURI)) return []
  return requestURI.includes('dryRun=All') ? [] : [`${verb} ${requestURI}`]
}

/** `… StopInstances {"InstanceId.1":"i-…"} -> 200 ok (3 ms, …)`: calls that did something. */
function accountChange(line: string): string[] {
  const [, call, , status] = /^\S+ ((?:autoscaling:)?[A-Z]\w+) (\{.*\}) -> (\d+) /.exec(line) ?? []
  if (call === undefined || status !== '200') return []
  return /^(autoscaling:)?Describe/.test(call) || call === 'GetCallerIdentity' ? [] : [call]
}
