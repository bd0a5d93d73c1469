import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the policy in manifests/access/ has to be told of an account. */
export interface PolicyPlace {
  /** Of AWS: `aws`, `aws-cn`, `aws-us-gov`; default `aws`. */
  readonly partition?: string
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  readonly clusterName: string
  /** The one that the cluster's nodes are in. */
  readonly vpcId: string
  /** That runs make their claims in; `*` and `?` as in IAM. */
  readonly namespace: string
}

const POLICY_FILE = join(import.meta.dirname, '../../manifests/access/iam-policy.json')

/** The policy of manifests/access/ for an account, as `aws iam create-policy` takes it. */
export async function accessPolicy(place: PolicyPlace): Promise<string> {
  const named: Readonly<Record<string, string>> = {
    REGION: place.region,
    ACCOUNT_ID: place.accountId,
    CLUSTER_NAME: place.clusterName,
    VPC_ID: place.vpcId,
    NAMESPACE: place.namespace,
  }
  const text = await readFile(POLICY_FILE, 'utf8')
  return text
    .replaceAll('"arn:aws:', `"arn:${place.partition ?? 'aws'}:`)
    .replaceAll(/\b(REGION|ACCOUNT_ID|CLUSTER_NAME|VPC_ID|NAMESPACE)\b/g, (name) => {
      return named[name] ?? name
    })
}

/** The part of AWS that somebody is of, by their ARN: China and GovCloud have names of their own. */
export function partitionOf(arn: string): string {
  return /^arn:(aws[a-z-]*):/.exec(arn)?.[1] ?? 'aws'
}
