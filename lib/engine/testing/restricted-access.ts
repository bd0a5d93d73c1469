import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { accessPolicy } from '../../aws/access-policy.ts'
import { type Cluster, statusOf } from '../../kube/cluster.ts'
import { accessManifest } from '../access-manifest.ts'
import { PROJECT_ROOT } from '../collect.ts'

/** The lab's account, as its EC2 tells it too. */
const LAB = {
  region: 'us-east-1',
  accountId: '000000000000',
  clusterName: 'zonefall-lab',
  vpcId: 'vpc-00000000000000001',
}
const USER = 'zonefall-run'
const MIGRATION_POLICY = 'manifests/access/iam-policy-migrate.json'

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})
/** A test makes the machines that it migrates; nothing of zonefall calls these. */
const LAUNCH_LEGACY = [
  { Effect: 'Allow', Action: ['ec2:RunInstances', 'ec2:DescribeImages'], Resource: '*' },
  {
    Effect: 'Allow',
    Action: 'ec2:CreateTags',
    Resource: '*',
    Condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
  },
]

const policy = z.object({ Version: z.string(), Statement: z.array(z.looseObject({})) })
const config = z.looseObject({ users: z.array(z.looseObject({ user: z.looseObject({}) })) })

/**
 * Writes the policy of manifests/access/ for a lab whose runs use `namespace`.
 *
 * @param legacy names of what a migration may copy; its policy is part of it then
 * @returns its path
 */
export async function writeLabPolicy(
  folder: string,
  namespace: string,
  legacy?: string,
): Promise<string> {
  const path = join(folder, 'iam-policy.json')
  const runs = policy.parse(JSON.parse(await accessPolicy({ ...LAB, namespace })))
  if (legacy !== undefined) {
    runs.Statement.push(...(await migrationPolicy(legacy)).Statement, ...LAUNCH_LEGACY)
  }
  await writeFile(path, JSON.stringify(runs))
  return path
}

/** manifests/access/iam-policy-migrate.json for the lab, of what has such a name. */
export async function migrationPolicy(legacy: string): Promise<z.infer<typeof policy>> {
  const text = await readFile(join(PROJECT_ROOT, MIGRATION_POLICY), 'utf8')
  const filled = text
    .replaceAll('REGION', LAB.region)
    .replaceAll('ACCOUNT_ID', LAB.accountId)
    .replaceAll('LEGACY_NAME', legacy)
  return policy.parse(JSON.parse(filled))
}

/**
 * Gives a user of its own roles of manifests/access/ and nothing else.
 *
 * @param roles as YAML; default: what a run needs
 * @returns path of a kubeconfig with which one is that user
 */
export async function restrictedKubeconfig(
  cluster: Cluster,
  kubeconfig: string,
  folder: string,
  roles: readonly string[] = [accessManifest()],
): Promise<string> {
  for (const document of parseAllDocuments(roles.join('---\n'))) {
    const one = object.parse(document.toJS())
    const isBinding = one.kind.endsWith('Binding')
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }]
    try {
      // Beside the binding of its name, which a test may apply.
      const bound = { ...one, metadata: { name: `${one.metadata.name}-${USER}` }, subjects }
      await cluster.objects.create(isBinding ? bound : one)
    } catch (error) {
      // A lab that was up has it already.
      if (statusOf(error) !== 409) throw error
    }
  }
  const parsed = config.parse(parse(await readFile(kubeconfig, 'utf8')))
  for (const entry of parsed.users) entry.user = { ...entry.user, as: USER }
  const path = join(folder, 'kubeconfig')
  await writeFile(path, stringify(parsed), { mode: 0o600 })
  return path
}
