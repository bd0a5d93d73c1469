import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { CONFIG_FILE } from '../config/load-settings.ts'
import { configTemplate, type TemplateFacts } from '../config/template.ts'
import { consentManifest } from '../engine/preflight/consent.ts'
import { groupsOf } from '../engine/preflight/scope.ts'
import { AUTO_NAMESPACE } from '../engine/supervisor.ts'
import { Cluster, explainApiError } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import { FAULT_NAMES } from '../model/scenario.ts'
import type { AwsAccess, TargetDescription } from '../model/target.ts'
import { isErrno } from '../std/errno.ts'
import { eksTarget } from '../targets/eks.ts'
import { kubeconfigTarget } from '../targets/kubeconfig.ts'
import { policyFor } from './init-policy.ts'
import { oneOf } from './options.ts'

const CONSENT_FILE = 'zonefall-consent.yaml'
const POLICY_FILE = 'zonefall-policy.json'

interface InitFlags {
  readonly target: 'eks' | 'kubeconfig'
  readonly context?: string
  readonly kubeconfig?: string
  readonly print: boolean
  readonly force: boolean
}

/** `zonefall init`. */
export function initCommand(): Command {
  return new Command('init')
    .description(
      `write ${CONFIG_FILE}, the consent that a cluster's owner applies, and the IAM policy of a run`,
    )
    .addOption(
      new Option('--target <target>', 'eks, or kubeconfig (any cluster, without EC2)')
        .argParser(oneOf(['eks', 'kubeconfig'] as const))
        .default('eks'),
    )
    .option('--context <name>', 'context of the cluster that is meant; it is only read')
    .option('--kubeconfig <path>', 'default: KUBECONFIG, then ~/.kube/config')
    .option(
      '--print',
      'print the config file, with every setting there is, and write nothing',
      false,
    )
    .option('--force', 'write over files that are there', false)
    .addHelpText(
      'after',
      '\nExample:\n  npx zonefall init --context staging && kubectl --context staging apply -f zonefall-consent.yaml',
    )
    .action(init)
}

async function init(flags: InitFlags): Promise<void> {
  const { context, force, print } = flags
  const found = context === undefined ? undefined : await askCluster({ ...flags, context })
  const config = configTemplate(found?.facts)
  if (print) {
    console.log(config)
    return
  }
  const written: string[] = []
  if (found) {
    const { clusterUid, nodeGroups } = found
    const faults = FAULT_NAMES.filter((fault) => fault !== 'capacity-outage')
    const isNew = await writeNew(
      CONSENT_FILE,
      consentManifest({ clusterUid, nodeGroups, faults }),
      force,
    )
    if (!isNew) {
      throw new PreflightError(`There is a ${resolve(CONSENT_FILE)} already.`, {
        hint: 'npx zonefall init --force writes it, and the config file, anew.',
      })
    }
    written.push(CONSENT_FILE)
    if (found.policy !== undefined) {
      await writeNew(POLICY_FILE, found.policy, true)
      written.push(POLICY_FILE)
    }
  }
  // One that is there is somebody's work.
  const isNew = await writeNew(CONFIG_FILE, config, force)
  if (isNew) written.push(CONFIG_FILE)
  else console.log(`${CONFIG_FILE} is there already, and stays; --print shows a new one.`)
  if (written.length > 0) console.log(`Wrote ${written.join(' and ')}.`)
  console.log(
    found
      ? whatNext(context ?? '', flags.target, found.policy !== undefined)
      : "For a cluster's consent: npx zonefall init --context NAME",
  )
}

function whatNext(context: string, target: InitFlags['target'], hasPolicy: boolean): string {
  const policy = hasPolicy ? `${POLICY_FILE} is the IAM policy for this cluster` : 'an IAM policy'
  return `Next:
  1. Read ${CONSENT_FILE}, and strike out the node groups and faults that are not to be.
  2. kubectl --context ${context} apply -f ${CONSENT_FILE}
  3. The rights that a run needs: ${policy}, and a ClusterRole in manifests/access/.
  4. npx zonefall doctor --target ${target} --context ${context}`
}

async function askCluster(flags: InitFlags & { readonly context: string }) {
  const { target: kind, context, kubeconfig } = flags
  const options = {
    context,
    namespace: AUTO_NAMESPACE,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  }
  const target = kind === 'eks' ? await eksTarget(options) : await kubeconfigTarget(options)
  const { signal } = new AbortController()
  const started = await target.start({ onStep: () => undefined, signal })
  const { description, eks = {}, clusterUid } = started
  const cluster = await Cluster.connect(description)
  const { items: nodes } = await cluster.core.listNode()
  const groups = [...new Set(nodes.flatMap((node) => groupsOf(node)))].toSorted()
  const facts: TemplateFacts = {
    target: kind,
    context,
    ...eks,
    ...(description.aws === undefined ? {} : { region: description.aws.region }),
    nodeGroups: groups,
  }
  const policy = description.aws && (await tryPolicy(description.aws, description, eks.clusterName))
  return { clusterUid, facts, policy, nodeGroups: groups.length > 0 ? groups : ['*'] }
}

/** The policy of a run on this cluster; says why there is none where AWS can't be asked. */
async function tryPolicy(
  access: AwsAccess,
  { zones }: Pick<TargetDescription, 'zones'>,
  clusterName: string | undefined,
): Promise<string | undefined> {
  const nodes = zones.flatMap((zone) => zone.nodes.flatMap(({ instanceId }) => instanceId ?? []))
  try {
    return await policyFor(access, nodes, clusterName)
  } catch (error) {
    console.log(`${POLICY_FILE} is not written, for AWS can't be asked: ${explainApiError(error)}.`)
    return undefined
  }
}

/** @returns false for a file that is there already and stays as it is */
async function writeNew(name: string, text: string, force: boolean): Promise<boolean> {
  try {
    await writeFile(resolve(name), text, { flag: force ? 'w' : 'wx' })
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}
