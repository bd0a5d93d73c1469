import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { accessPolicy } from '../../aws/access-policy.ts'
import { type Cluster, statusOf } from '../../kube/cluster.ts'
import { accessManifest } from '../access-manifest.ts'

/** The lab's account, as its EC2 tells it too. */
const LAB = {
  region: 'us-east-1',
  accountId: '000000000000',
  clusterName: 'zonefall-lab',
  vpcId: 'vpc-00000000000000001',
}
const USER = 'zonefall-run'

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})
const config = z.looseObject({ users: z.array(z.looseObject({ user: z.looseObject({}) })) })

/** Writes the policy of manifests/access/ for a lab whose runs use `namespace`. @returns its path */
export async function writeLabPolicy(folder: string, namespace: string): Promise<string> {
  const path = join(folder, 'iam-policy.json')
  await writeFile(path, await accessPolicy({ ...LAB, namespace }))
  return path
}

/**
 * Gives a user of its own the role of manifests/access/ and nothing else.
 *
 * @returns path of a kubeconfig with which one is that user
 */
export async function restrictedKubeconfig(
  cluster: Cluster,
  kubeconfig: string,
  folder: string,
): Promise<string> {
  for (const document of parseAllDocuments(accessManifest())) {
    const one = object.parse(document.toJS())
    const isBinding = one.kind.endsWith('Binding')
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }]
    try {
      await cluster.objects.create(isBinding ? { ...one, subjects } : one)
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
