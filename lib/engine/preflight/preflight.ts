import { Aws } from '../../aws/aws.ts'
import { Cluster, explainApiError, orAbsent } from '../../kube/cluster.ts'
import type { ManifestObject } from '../../kube/manifests.ts'
import { PreflightError } from '../../model/errors.ts'
import { DEFAULT_RULES, type SafetyRules } from '../../model/safety-rules.ts'
import { FAULT_NAMES, type FaultName } from '../../model/scenario.ts'
import type { AwsAccess, TargetDescription, Zone } from '../../model/target.ts'
import type { StartedTarget } from '../../targets/target.ts'
import { CONSENT, isRefusal, readConsent } from './consent.ts'
import type { AccountFacts, ClusterFacts, PluginPolicies, Request } from './facts.ts'
import { judgeAccount, judgeAwsError } from './judge-account.ts'
import { judgeFargate } from './judge-fargate.ts'
import { judgeStorage, judgeSuppliers } from './judge-helpers.ts'
import { judgeNamespace } from './judge-namespace.ts'
import { judgeProduction } from './judge-production.ts'
import { judgePulls } from './judge-pulls.ts'
import { judgeConsented, judgeExpected, judgeScope } from './judge-scope.ts'
import { explainMissing, missingRights } from './missing-rights.ts'
import { judgeCalls, judgeSubnets, readAccount } from './read-account.ts'
import { readCluster } from './read-cluster.ts'
import { asError, type Refusal } from './refusal.ts'
import { scopedZones } from './scope.ts'
import { whereHelpersRun } from './where-helpers-run.ts'

export interface PreflightOptions {
  readonly rules?: SafetyRules
  /** Faults of the scenarios that are to run; `consented`: whichever may be injected. */
  readonly faults: readonly FaultName[] | 'consented'
  /** How long the run may take, milliseconds. */
  readonly plannedMs: number
  /** Reads what it deploys. */
  readonly manifests: () => Promise<readonly ManifestObject[]>
  /** Whether the faults' calls are tried; default yes. The doctor tries each right by itself. */
  readonly triesCalls?: boolean
  /** Milliseconds since 1970; for tests. */
  readonly nowEpochMs?: number
}

/** What was found, and what a run may touch of it. */
export interface Inspection {
  /** With the zones and nodes in scope alone; as it was found where nothing allows any. */
  readonly description: TargetDescription
  readonly refusals: readonly Refusal[]
  /** What holds, or is worth knowing; a sentence each. */
  readonly notes: readonly string[]
}

/**
 * Looks at a target that is shared with others before anything of it is changed: is it the one that
 * was meant, does it consent, whose is it, is it production, and would anything on it spoil a run?
 * Reads only: access reviews and dry runs change nothing.
 *
 * @throws what is no refusal: a connection that broke, say
 */
export async function inspectTarget(
  { description, clusterUid, eks }: StartedTarget,
  options: PreflightOptions,
): Promise<Inspection> {
  const { kubeconfig, context, namespace } = description
  const { rules = DEFAULT_RULES, plannedMs } = options
  const refused = (refusals: readonly Refusal[]): Inspection => ({
    description,
    refusals,
    notes: [],
  })
  const cluster = await Cluster.connect({ kubeconfig, context })
  const asked = options.faults === 'consented' ? (rules.faults ?? FAULT_NAMES) : options.faults
  const request: Request = { rules, faults: asked, plannedMs, eksName: eks?.clusterName }
  const meant = judgeExpected(request, {
    context,
    cluster: eks?.clusterName,
    region: description.aws?.region,
    account: eks?.account,
  })
  // Of a target that isn't the one that was meant nothing more is asked.
  if (meant.length > 0) return refused(meant)
  const rights = await judgeRights(cluster, namespace.startsWith('<') ? undefined : namespace)
  if (rights.length > 0)
    return refused([...(await judgeBareConsent(cluster, context, clusterUid)), ...rights])
  const facts = await readCluster(cluster, description, clusterUid, options.manifests)
  const consent = readConsent(facts.consent, clusterUid, context)
  const aws = description.aws && new Aws(description.aws)
  try {
    const account = await lookAtAccount(aws, description, cluster, request)
    const known = isFailure(account) ? undefined : account
    const faults =
      options.faults === 'consented' && !isRefusal(consent)
        ? asked.filter((fault) => consent.faults.includes(fault))
        : asked
    const named = { ...request, faults, eksName: known?.eksName ?? request.eksName }
    const groups = rules.nodeGroups ?? (isRefusal(consent) ? ['*'] : consent.nodeGroups)
    const zones = scopedZones(description, facts.nodes, groups, known?.instances)
    const allowed = isRefusal(consent) ? [consent] : judgeConsented(named, consent, facts)
    const owned = isFailure(account)
      ? account.refusals
      : judgeAccountAsMeant(named, facts, account, options)
    // What lies beyond a wrong answer says nothing more.
    const isStrangeScope = allowed.some(({ check }) => check === 'node groups')
    const refusals = [
      ...allowed,
      ...owned,
      ...judgeProduction(named, facts, zones, known),
      ...(isStrangeScope ? [] : judgeScope(named, facts, zones, groups, known?.instances)),
      ...judgeSuppliers(named, facts, known),
      ...judgeStorage(named, facts),
      ...judgeFargate(named, facts, known),
      ...judgeNamespace(facts),
      ...judgePulls(facts),
      ...(aws && known && owned.length === 0
        ? await askEc2(
            aws,
            cluster,
            named,
            facts,
            zones,
            options.triesCalls === false ? undefined : known.identity.arn,
          )
        : []),
    ]
    return {
      description:
        isRefusal(consent) || zones.length === 0
          ? description
          : {
              ...description,
              zones,
              scope: { nodeGroups: groups, maxBlastRadius: rules.maxBlastRadius },
            },
      refusals,
      notes: [
        ...notesOf(groups, zones, known),
        ...whereHelpersRun(facts),
        ...pluginNotes(facts.pluginPolicies),
      ],
    }
  } finally {
    await aws?.close()
  }
}

/**
 * Refuses a target that may not be touched.
 *
 * @returns the target with the zones and nodes in scope alone, and what is worth writing down
 * @throws PreflightError with the first refusal and what mends it
 */
export async function clearTarget(
  started: StartedTarget,
  options: PreflightOptions,
): Promise<Inspection> {
  const inspection = await inspectTarget(started, options)
  const { refusals } = inspection
  if (refusals.length > 0) throw asError(refusals, started.description)
  return inspection
}

async function judgeRights(cluster: Cluster, namespace: string | undefined): Promise<Refusal[]> {
  const { missing } = await missingRights(cluster, namespace)
  const [first, ...others] = missing
  if (!first) return []
  const { context } = cluster
  const { text } = explainMissing(first)
  const count = missing.reduce((sum, { verbs }) => sum + verbs.length, 0)
  const all = others.length === 0 ? '' : `, and in all lacks ${count} rights that a run uses`
  return [
    {
      check: 'rights',
      text: `The user of context ${context} ${text}${all}.`,
      todo: `kubectl --context ${context} apply -f manifests/access/rbac.yaml, by somebody who may; npx zonefall doctor names every rule.`,
    },
  ]
}

/** The consent alone, of a cluster that lets nothing else be read. */
async function judgeBareConsent(
  cluster: Cluster,
  context: string,
  clusterUid: string,
): Promise<Refusal[]> {
  try {
    const found = await orAbsent(cluster.core.readNamespacedConfigMap(CONSENT))
    const consent = readConsent(found, clusterUid, context)
    return isRefusal(consent) ? [consent] : []
  } catch {
    // Who may not read it is told so by the missing right.
    return []
  }
}

interface Failure {
  readonly refusals: readonly Refusal[]
}

function isFailure(answer: AccountFacts | Failure | undefined): answer is Failure {
  return answer !== undefined && 'refusals' in answer
}

/** What AWS says, or why it says nothing; undefined on a target without it. */
async function lookAtAccount(
  aws: Aws | undefined,
  target: TargetDescription,
  cluster: Cluster,
  { eksName }: Request,
): Promise<AccountFacts | Failure | undefined> {
  const access: AwsAccess | undefined = target.aws
  if (!aws || !access) return undefined
  try {
    return await readAccount(aws, access, { target, cluster, eksName })
  } catch (error) {
    return { refusals: [explainAws(error, access)] }
  }
}

function explainAws(error: unknown, { profile, region }: AwsAccess): Refusal {
  if (error instanceof PreflightError) {
    return { check: 'cluster', text: error.message, todo: error.hint ?? '' }
  }
  return (
    judgeAwsError(error, profile ?? (process.env['AWS_PROFILE'] || undefined)) ?? {
      check: 'AWS',
      text: `AWS does not answer in ${region}: ${explainApiError(error)}.`,
      todo: `aws sts get-caller-identity --region ${region} should work first; HTTPS_PROXY is honoured.`,
    }
  )
}

function judgeAccountAsMeant(
  request: Request,
  facts: ClusterFacts,
  account: AccountFacts | undefined,
  { nowEpochMs = Date.now() }: PreflightOptions,
): Refusal[] {
  if (!account) return []
  return [
    ...judgeExpected(request, {
      context: facts.target.context,
      cluster: account.eksName,
      account: account.identity.account,
    }),
    ...judgeAccount(request, facts, account, nowEpochMs),
  ]
}

/** What only EC2 can answer: who else is in a subnet, and what the credentials may do. */
async function askEc2(
  aws: Aws,
  cluster: Cluster,
  { faults }: Request,
  { target }: ClusterFacts,
  zones: readonly Zone[],
  /** Whose calls are tried; undefined: none are. */
  arn: string | undefined,
): Promise<Refusal[]> {
  try {
    return [
      ...(faults.includes('zone-partition') ? await judgeSubnets(cluster, aws, target, zones) : []),
      ...(arn === undefined ? [] : await judgeCalls(aws, faults, zones, arn)),
    ]
  } catch (error) {
    if (target.aws) return [explainAws(error, target.aws)]
    throw error
  }
}

function notesOf(
  groups: readonly string[],
  zones: readonly Zone[],
  account: AccountFacts | undefined,
): string[] {
  const nodes = zones.flatMap((zone) => zone.nodes)
  return [
    `In scope are ${nodes.length} nodes of the node groups ${groups.join(', ')}: ${nodes.map(({ name }) => name).join(', ')}.`,
    ...(account
      ? [
          `Faults act as ${account.identity.arn} in account ${account.identity.account}, ${account.region}.`,
        ]
      : []),
    ...(account?.identity.isFixedSession && account.identity.expiresAt === undefined
      ? ['The AWS credentials are those of a session, and nothing says when it ends.']
      : []),
  ]
}

/** Who is cut off by them nothing here can tell: that there are some is worth knowing. */
function pluginNotes({ found, unseen }: PluginPolicies): string[] {
  return [
    ...(found.length === 0
      ? []
      : [
          `Whether these policies keep the run's pods from one another is not judged: ${found.join(', ')}.`,
        ]),
    ...(unseen.length === 0
      ? []
      : [
          `There may be policies of kinds that this user may not list, and that could keep the run's pods from one another: ${unseen.join(', ')}.`,
        ]),
  ]
}
