import { nodesHit, reachesNodes } from '../../model/fault-reach.ts'
import type { Zone } from '../../model/target.ts'
import type { Consent } from './consent.ts'
import type { ClusterFacts, InstanceFact, Request } from './facts.ts'
import type { Refusal } from './refusal.ts'
import { groupsOf, isEksOwned, openOutsiders } from './scope.ts'

/** Whether the target is the one that the settings mean. */
export function judgeExpected(
  { rules: { expected } }: Request,
  found: {
    readonly context: string
    readonly cluster?: string | undefined
    readonly region?: string | undefined
    readonly account?: string | undefined
  },
): Refusal[] {
  const words = ['context', 'cluster', 'region', 'account'] as const
  return words.flatMap((word): Refusal[] => {
    const [wanted, is] = [expected[word], found[word]]
    if (wanted === undefined || is === undefined || wanted === is) return []
    const what = word === 'context' ? 'The context' : `The ${word} of context ${found.context}`
    return [
      {
        check: word,
        text: `${what} is ${is}, and the settings are for ${wanted}.`,
        todo:
          word === 'context'
            ? `Name --context ${wanted}, or another file: --config FILE.`
            : `kubectl config get-contexts shows which context is which cluster; or name other settings with --config FILE.`,
      },
    ]
  })
}

/** Node groups and faults: all that is asked for must be in the consent. */
export function judgeConsented(
  { rules, faults }: Request,
  consent: Consent,
  { target: { context } }: Pick<ClusterFacts, 'target'>,
): Refusal[] {
  const edit = `kubectl --context ${context} -n zonefall edit configmap consent`
  const { nodeGroups: allowed } = consent
  const strangers = (rules.nodeGroups ?? []).filter(
    (group) => !allowed.includes('*') && !allowed.includes(group),
  )
  const unallowed = faults.filter((fault) => !consent.faults.includes(fault))
  const unsettled = faults.filter((fault) => rules.faults && !rules.faults.includes(fault))
  return [
    ...(strangers.length === 0
      ? []
      : [
          {
            check: 'node groups',
            text: `The consent does not name the node ${plural('group', strangers)} ${strangers.join(', ')}; it names ${allowed.join(', ')}.`,
            todo: `${edit} adds what its owner allows; --node-groups ${allowed.join(',')} leaves the rest alone.`,
          },
        ]),
    ...(unallowed.length === 0
      ? []
      : [
          {
            check: 'faults',
            text: `The consent does not allow the ${plural('fault', unallowed)} ${unallowed.join(', ')}.`,
            todo: `${edit} adds what its owner allows; npx zonefall list shows scenarios without.`,
          },
        ]),
    ...(unsettled.length === 0
      ? []
      : [
          {
            check: 'faults',
            text: `The settings do not allow the ${plural('fault', unsettled)} ${unsettled.join(', ')}.`,
            todo: 'Add to "faults" in zonefall.config.ts, or choose other scenarios: npx zonefall list',
          },
        ]),
  ]
}

/** What is left to break, and what would fill the gap. */
export function judgeScope(
  { rules, faults }: Request,
  { nodes, target: { context } }: Pick<ClusterFacts, 'nodes' | 'target'>,
  zones: readonly Zone[],
  groups: readonly string[],
  instances: readonly InstanceFact[] = [],
): Refusal[] {
  if (zones.length === 0) {
    const there = [...new Set(nodes.flatMap((node) => groupsOf(node, instances)))]
    const owned = nodes.filter((node) => isEksOwned(node))
    return [
      {
        check: 'node groups',
        text:
          owned.length === nodes.length
            ? `All nodes of context ${context} are run by EKS itself (Fargate, Auto Mode), and nobody can stop those.`
            : `No node of context ${context} with a zone is in the node ${plural('group', groups)} ${groups.join(', ')}.`,
        todo:
          there.length > 0 && owned.length !== nodes.length
            ? `There are: ${there.join(', ')}; kubectl --context ${context} -n zonefall edit configmap consent`
            : 'eksctl create nodegroup --cluster NAME --managed makes nodes that can be broken.',
      },
    ]
  }
  const outsiders = reachesNodes(faults) ? openOutsiders(nodes, zones) : []
  const hit = nodesHit(
    faults,
    zones.map((zone) => zone.nodes.length),
  )
  return [
    ...(outsiders.length === 0
      ? []
      : [
          {
            check: 'node groups',
            text: `Nodes that are not in scope would take the pods of a lost zone: ${outsiders.map((node) => `${node.metadata?.name} (${groupsOf(node, instances).join(', ') || 'in no group'})`).join(', ')}.`,
            todo: outsiders
              .map(
                ({ metadata }) =>
                  `kubectl --context ${context} taint node ${metadata?.name} zonefall.io/not-in-scope=true:NoSchedule`,
              )
              .join('; '),
          },
        ]),
    ...(hit <= rules.maxBlastRadius
      ? []
      : [
          {
            check: 'blast radius',
            text: `One fault would hit up to ${hit} nodes at once, more than the ${rules.maxBlastRadius} of --max-blast-radius.`,
            todo: `Add --max-blast-radius ${hit} if that is meant, or narrow the scope with --node-groups.`,
          },
        ]),
  ]
}

export function plural(word: string, items: readonly unknown[]): string {
  return items.length === 1 ? word : `${word}s`
}
