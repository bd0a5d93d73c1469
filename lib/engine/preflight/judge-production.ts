import type { Zone } from '../../model/target.ts'
import type { AccountFacts, ClusterFacts, Request } from './facts.ts'
import type { Refusal } from './refusal.ts'
import { groupsOf } from './scope.ts'

type Tags = Readonly<Record<string, string | undefined>>

/** One thing that a run would touch, and what tells what it is for. */
interface Marked {
  readonly what: string
  readonly name?: string | undefined
  readonly tags?: Tags | undefined
  /** How its mark is taken away, if it is wrong. */
  readonly unmark: (key: string) => string
}

type MarkedFacts = Pick<ClusterFacts, 'target' | 'nodes' | 'namespaces' | 'pods' | 'volumes'>

/** Whether anything that would be touched says that it is production. */
export function judgeProduction(
  { rules: { production }, eksName }: Request,
  facts: MarkedFacts,
  zones: readonly Zone[],
  account: AccountFacts | undefined,
): Refusal[] {
  const keys = production.keys.map((key) => key.toLowerCase())
  const values = new RegExp(production.values, 'i')
  const names = new RegExp(production.names, 'i')
  return marked(facts, zones, account, eksName).flatMap(
    ({ what, name, tags = {}, unmark }): Refusal[] => {
      if (name !== undefined && names.test(name)) {
        return [
          {
            check: 'production',
            text: `${what} looks like production by its name.`,
            todo: 'If it is none, set production.names in zonefall.config.ts to a pattern that fits your names.',
          },
        ]
      }
      const hit = Object.entries(tags).find(
        ([key, value = '']) => keys.includes(lastPart(key)) && values.test(value),
      )
      if (!hit) return []
      const [key, value] = hit
      return [
        {
          check: 'production',
          text: `${what} is production: ${key}=${value}.`,
          todo: `If it is none: ${unmark(key)}`,
        },
      ]
    },
  )
}

/** `example.com/environment` is an `environment` too. */
function lastPart(key: string): string {
  return (key.split(/[/:]/).at(-1) ?? key).toLowerCase()
}

function marked(
  facts: MarkedFacts,
  zones: readonly Zone[],
  account: AccountFacts | undefined,
  eksName: string | undefined,
): Marked[] {
  const { target, nodes, namespaces, pods, volumes } = facts
  const { context } = target
  const kubectl = `kubectl --context ${context}`
  const inScope = new Set(zones.flatMap((zone) => zone.nodes.map(({ name }) => name)))
  const ours = nodes.filter(({ metadata }) => inScope.has(metadata?.name ?? ''))
  const hitPods = pods.filter(({ spec }) => inScope.has(spec?.nodeName ?? ''))
  const hitNamespaces = new Set([
    target.namespace,
    ...hitPods.flatMap(({ metadata }) => metadata?.namespace ?? []),
  ])
  const hitClaims = new Set(
    hitPods.flatMap(({ metadata, spec }) =>
      (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
        claim ? `${metadata?.namespace}/${claim.claimName}` : [],
      ),
    ),
  )
  const untag = (id: string) => (key: string) =>
    `aws ec2 delete-tags --region ${account?.region} --resources ${id} --tags Key=${key}`
  const { cluster: eks } = account?.eks ?? {}
  return [
    { what: `The context ${context}`, name: context, unmark: String },
    ...(eksName === undefined
      ? []
      : [
          {
            what: `The cluster ${eksName}`,
            name: eksName,
            tags: eks?.tags,
            unmark: (key: string) =>
              `aws eks untag-resource --resource-arn ${eks?.arn ?? 'ARN'} --tag-keys ${key}`,
          },
        ]),
    ...namespaces
      .filter(({ metadata }) => metadata?.name === 'kube-system')
      .map(({ metadata }) => ({
        what: `The cluster of context ${context} (its namespace kube-system)`,
        tags: metadata?.labels,
        unmark: (key: string) => `${kubectl} label namespace kube-system ${key}-`,
      })),
    ...namespaces
      .filter(({ metadata }) => hitNamespaces.has(metadata?.name ?? ''))
      .filter(({ metadata }) => metadata?.name !== 'kube-system')
      .map(({ metadata: { name, labels } = {} }) => ({
        what: `The namespace ${name}, whose pods are on nodes in scope,`,
        name,
        tags: labels,
        unmark: (key: string) => `${kubectl} label namespace ${name} ${key}-`,
      })),
    ...ours.flatMap((node): Marked[] => {
      const { name, labels } = node.metadata ?? {}
      return [
        {
          what: `The node ${name}`,
          tags: labels,
          unmark: (key) => `${kubectl} label node ${name} ${key}-`,
        },
      ]
    }),
    ...[...new Set(ours.flatMap((node) => groupsOf(node, account?.instances)))].map(
      (name): Marked => ({ what: `The node group ${name}`, name, unmark: String }),
    ),
    ...volumes
      .filter(({ spec }) => hitClaims.has(`${spec?.claimRef?.namespace}/${spec?.claimRef?.name}`))
      .map(({ metadata: { name, labels } = {} }) => ({
        what: `The volume ${name}`,
        tags: labels,
        unmark: (key: string) => `${kubectl} label pv ${name} ${key}-`,
      })),
    ...(account?.instances ?? [])
      .filter(
        ({ id }) =>
          target.legacy?.instances.includes(id) === true ||
          zones.some((zone) => zone.nodes.some((node) => node.instanceId === id)),
      )
      .map(({ id, tags }) => ({ what: `The instance ${id}`, tags, unmark: untag(id) })),
    ...(account?.volumes ?? []).map(({ id, tags }) => ({
      what: `The volume ${id}`,
      tags,
      unmark: untag(id),
    })),
  ]
}
