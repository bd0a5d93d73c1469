import type { KubeConfig, V1Node } from '@kubernetes/client-node'
import { PreflightError } from '../model/errors.ts'

/** What a context and its nodes tell of the EKS cluster behind it. */
export interface EksContext {
  readonly region: string
  /** Undefined where nothing names it. */
  readonly clusterName: string | undefined
  /** Of the cluster's ARN, where the kubeconfig has it. */
  readonly account: string | undefined
  /** The AWS profile with which the context itself gets its tokens. */
  readonly profile: string | undefined
}

interface Said {
  readonly region?: string
  readonly clusterName?: string
  readonly account?: string
  readonly profile?: string
}

/**
 * Finds region and name of the cluster of the current context: in the server's address, in what
 * fetches its tokens (`aws eks get-token`, `aws-iam-authenticator`) and in the names that `aws eks
 * update-kubeconfig` and `eksctl` give. The nodes have the last word on the region, and nothing may
 * contradict them.
 *
 * @throws PreflightError when there is no region to be found, or two
 */
export function readEksContext(kubeconfig: KubeConfig, nodes: readonly V1Node[]): EksContext {
  const context = kubeconfig.getCurrentContext()
  const server = kubeconfig.getCurrentCluster()?.server ?? ''
  const entry = kubeconfig.getCurrentCluster()?.name ?? ''
  const sources: readonly (readonly [string, Said])[] = [
    ['its token command', fromExec(kubeconfig.getCurrentUser()?.exec)],
    [`the cluster entry ${entry}`, fromEntry(entry)],
    [`the server ${server}`, fromServer(server)],
  ]
  const ofNodes = [...new Set(nodes.flatMap((node) => regionOf(node) ?? []))]
  if (ofNodes.length > 1) {
    throw new PreflightError(
      `The nodes of context ${context} are in several regions: ${ofNodes.join(', ')}.`,
      { hint: `kubectl --context ${context} get nodes -L topology.kubernetes.io/region` },
    )
  }
  const region = ofNodes[0] ?? sources.flatMap(([, said]) => said.region ?? [])[0]
  if (region === undefined) {
    throw new PreflightError(
      `Neither the context ${context} nor its nodes say in which AWS region they are.`,
      { hint: 'If it is not EKS: --target kubeconfig.' },
    )
  }
  for (const [source, said] of sources) {
    if (said.region === undefined || said.region === region) continue
    throw new PreflightError(
      `The nodes of context ${context} are in ${region}, but ${source} says ${said.region}.`,
      { hint: `aws eks update-kubeconfig --region ${region} --name NAME writes the context anew.` },
    )
  }
  const pick = (key: keyof Said): string | undefined =>
    sources.flatMap(([, said]) => said[key] ?? [])[0]
  return {
    region,
    clusterName: pick('clusterName') ?? nameOfNodes(nodes),
    account: pick('account'),
    profile: pick('profile'),
  }
}

/** The region of a node: its label, else its zone without the letter. */
function regionOf({ metadata, spec }: V1Node): string | undefined {
  const label = metadata?.labels?.['topology.kubernetes.io/region']
  if (label !== undefined && label !== '') return label
  const [, zone] = /^aws:\/\/\/([a-z0-9-]+)\/i-/.exec(spec?.providerID ?? '') ?? []
  // `us-west-2-lax-1a` is a local zone of us-west-2.
  return zone === undefined ? undefined : /^[a-z]+(?:-[a-z]+)+-\d+/.exec(zone)?.[0]
}

function nameOfNodes(nodes: readonly V1Node[]): string | undefined {
  return nodes.flatMap(
    ({ metadata }) => metadata?.labels?.['alpha.eksctl.io/cluster-name'] ?? [],
  )[0]
}

/** `https://0123ABCD.gr7.us-east-1.eks.amazonaws.com`, with `.cn` in China and `.api.aws` for IPv6. */
function fromServer(server: string): Said {
  const [, region] =
    /\.([a-z0-9-]+)\.eks\.amazonaws\.com(?:\.cn)?(?::\d+)?\/?$/.exec(server) ??
    /\.eks-cluster\.([a-z0-9-]+)\.api\.(?:aws|amazonwebservices\.com\.cn)(?::\d+)?\/?$/.exec(
      server,
    ) ??
    []
  return region === undefined ? {} : { region }
}

/** `arn:aws:eks:us-east-1:123456789012:cluster/staging`, or eksctl's `staging.us-east-1.eksctl.io`. */
function fromEntry(name: string): Said {
  const arn = /^arn:aws[a-z-]*:eks:([a-z0-9-]+):(\d{12}):cluster\/(.+)$/.exec(name)
  if (arn) {
    const [, region = '', account = '', clusterName = ''] = arn
    return { region, account, clusterName }
  }
  const [, clusterName, region] = /^(.+)\.([a-z0-9-]+)\.eksctl\.io$/.exec(name) ?? []
  return clusterName === undefined || region === undefined ? {} : { clusterName, region }
}

interface Exec {
  readonly args?: readonly string[] | undefined
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined
}

function fromExec(exec: unknown): Said {
  if (!isExec(exec)) return {}
  const args = exec.args ?? []
  const option = (...names: readonly string[]): string | undefined => {
    for (const [index, arg] of args.entries()) {
      const [name = '', value] = arg.split('=', 2)
      if (names.includes(name)) return value ?? args[index + 1]
    }
    return undefined
  }
  const variable = (...names: readonly string[]): string | undefined =>
    exec.env?.find(({ name }) => names.includes(name))?.value
  const said = {
    region: option('--region') ?? variable('AWS_REGION', 'AWS_DEFAULT_REGION'),
    clusterName: option('--cluster-name', '--cluster-id', '-i'),
    profile: option('--profile') ?? variable('AWS_PROFILE'),
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

function isExec(value: unknown): value is Exec {
  return typeof value === 'object' && value !== null
}
