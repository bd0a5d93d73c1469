import type { HandMadeVolume, MigrationFacts, SourceNode } from './facts.ts'
import { latestSnapshot } from './latest-snapshot.ts'

/** What speaks against a migration. Each kind has a name of its own, which tests and people know. */
export interface Finding {
  readonly id: FindingId
  /** A sentence that names what it is about. */
  readonly text: string
  /** What to do about it. */
  readonly todo: string
  /** `refuse`: nothing is created; `warn`: nobody could be asked, so a person has to know. */
  readonly severity: 'refuse' | 'warn'
}

export type FindingId =
  | 'source-missing'
  | 'source-volume'
  | 'source-twice'
  | 'node-count'
  | 'ring-larger'
  | 'identity-unknown'
  | 'different-clusters'
  | 'cluster-name'
  | 'datacenter'
  | 'rack'
  | 'claim-exists'
  | 'template-name'
  | 'claim-too-large'
  | 'zone-without-nodes'
  | 'csi-driver'
  | 'volume-absent'
  | 'volume-no-affinity'
  | 'volume-wrong-zone'
  | 'volume-deleted-with-claim'
  | 'volume-attached'
  | 'volume-of-source'
  | 'volumes-swapped'
  | 'volume-of-other-template'
  | 'snapshot-missing'
  | 'snapshots-apart'
  | 'copied-before'
  | 'snapshots-given'
  | 'undrained'
  | 'unasked'
  | 'given-before'

/** Snapshots of nodes that take writes count as of one moment within this. */
export const SNAPSHOTS_APART_MS = 5_000

/** All that speaks against a migration, before anything is created; empty when nothing does. */
export function judgeMigration(facts: MigrationFacts): Finding[] {
  return [
    ...judgeSource(facts),
    ...judgeIdentity(facts),
    ...judgeTarget(facts),
    ...judgeSnapshots(facts),
    ...facts.target.volumes.flatMap((volume) => judgeVolume(volume, facts)),
  ]
}

const isThere = (state: string): boolean => state === 'running' || state === 'stopped'

/** A finding for which nothing is created. */
export function refuse(id: FindingId, text: string, todo: string): Finding {
  return { id, text, todo, severity: 'refuse' }
}

function judgeSource({ source, target }: MigrationFacts): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const { instanceId, state, volume, candidates } of source) {
    if (seen.has(instanceId)) {
      findings.push(
        refuse(
          'source-twice',
          `Instance ${instanceId} is named twice.`,
          'Name each instance once, in the order of the pods that they are to become.',
        ),
      )
    }
    seen.add(instanceId)
    if (!isThere(state)) {
      findings.push(
        refuse(
          'source-missing',
          `Instance ${instanceId} is ${state}.`,
          'Name instances that run or are stopped, in the region and the account of the credentials.',
        ),
      )
    } else if (volume === undefined) {
      const what = candidates.length === 0 ? 'has no data volume' : 'has several data volumes'
      findings.push(
        refuse(
          'source-volume',
          `Instance ${instanceId} ${what}${candidates.length === 0 ? '' : `: ${candidates.join(', ')}`}.`,
          'Name the volume that the database is on in place of the instance.',
        ),
      )
    }
  }
  if (source.length !== target.replicas) {
    findings.push(
      refuse(
        'node-count',
        `There are ${source.length} legacy nodes, and StatefulSet ${target.statefulSet} has ${target.replicas} replicas.`,
        'Give it as many replicas as there are nodes: a ring with a node missing, or a new and empty one, is another ring.',
      ),
    )
  }
  return findings
}

function judgeIdentity({ source, target }: MigrationFacts): Finding[] {
  const findings: Finding[] = []
  const unknown = source.filter(({ identity, state }) => identity === undefined && isThere(state))
  if (unknown.length > 0) {
    findings.push({
      id: 'identity-unknown',
      text: `Nobody could ask ${unknown.map(({ instanceId }) => instanceId).join(', ')} for cluster name, datacenter and rack.`,
      todo: 'Say by --on-instance how a command is run there, or compare them with the manifests yourself.',
      severity: 'warn',
    })
  }
  const ring = source
    .map(({ identity }) => identity?.members ?? [])
    .reduce((one, other) => (other.length > one.length ? other : one), [])
  if (ring.length > source.length) {
    findings.push(
      refuse(
        'ring-larger',
        `The ring has ${ring.length} nodes (${ring.join(', ')}), and ${source.length} are named: those that are left would go on as a ring, and take the pods into it.`,
        'Name the instances of all its nodes, in all its datacenters; remove first what is gone for good (nodetool removenode).',
      ),
    )
  }
  const names = new Set(source.flatMap(({ identity }) => identity?.clusterName ?? []))
  if (names.size > 1) {
    findings.push(
      refuse(
        'different-clusters',
        `The instances are of different clusters: ${[...names].join(', ')}.`,
        'Name the instances of one cluster.',
      ),
    )
  }
  const settings = [
    ['cluster-name', 'clusterName', 'CASSANDRA_CLUSTER_NAME', 'cluster name'],
    ['datacenter', 'datacenter', 'CASSANDRA_DC', 'datacenter'],
    ['rack', 'rack', 'CASSANDRA_RACK', 'rack'],
  ] as const
  for (const { instanceId, identity } of source) {
    if (identity === undefined) continue
    for (const [id, key, variable, what] of settings) {
      const wanted = target.settings[key]
      if (wanted === undefined || wanted === identity[key]) continue
      findings.push(
        refuse(
          id,
          `The data of ${instanceId} is of ${what} ${identity[key]}, and the manifest says ${wanted}: Cassandra would refuse to start.`,
          `Set ${variable} to ${identity[key]} in the manifest.`,
        ),
      )
    }
  }
  return findings
}

function judgeTarget({ source, target, template, zones }: MigrationFacts): Finding[] {
  const findings: Finding[] = []
  const { statefulSet, templates } = target
  const found = templates.find(({ name }) => name === template)
  if (found === undefined) {
    const names = templates.map(({ name }) => name).join(', ') || 'none'
    findings.push(
      refuse(
        'template-name',
        `StatefulSet ${statefulSet} has no claim template ${template}, only ${names}: it would make empty volumes of its own and look healthy.`,
        `Name the template of the data by --template, or rename it: the claims are called ${template}-${statefulSet}-0 and so on.`,
      ),
    )
  }
  for (const [ordinal, { volume }] of source.entries()) {
    const claim = `${template}-${statefulSet}-${ordinal}`
    if (target.claims.includes(claim)) {
      findings.push(
        refuse(
          'claim-exists',
          `The claim ${claim} is there already in namespace ${target.namespace}, with a volume of its own.`,
          'Choose another namespace, or look what it holds and delete it.',
        ),
      )
    }
    if (found !== undefined && volume !== undefined && found.requestGiB > volume.sizeGiB) {
      findings.push(
        refuse(
          'claim-too-large',
          `The template ${template} asks for ${found.requestGiB} GiB, and ${volume.id} has ${volume.sizeGiB}: the claim ${claim} would never be bound to its copy.`,
          `Let the template ask for ${volume.sizeGiB}Gi or less.`,
        ),
      )
    }
  }
  for (const zone of new Set(zones)) {
    // Of an instance that isn't there nobody knows the zone.
    if (zone === '' || target.zones.includes(zone)) continue
    findings.push(
      refuse(
        'zone-without-nodes',
        `There is no node that takes pods in zone ${zone}: the pod with the volume there would wait for ever.`,
        `Choose zones by --zones; there are nodes in ${target.zones.join(', ') || 'none'}.`,
      ),
    )
  }
  if (!target.hasCsiDriver) {
    findings.push(
      refuse(
        'csi-driver',
        'The cluster has no driver ebs.csi.aws.com, which attaches the volumes.',
        'Install the EBS CSI driver: the in-tree form of a volume needs it too.',
      ),
    )
  }
  return findings
}

function judgeSnapshots({ source, snapshots }: MigrationFacts): Finding[] {
  if (snapshots.length === 0) return []
  const findings: Finding[] = []
  const taken = source.flatMap((node) => {
    const latest = latestSnapshot(snapshots, node.volume?.id)
    if (latest !== undefined && latest.state !== 'error') return [{ node, latest }]
    findings.push(
      refuse(
        'snapshot-missing',
        `There is no snapshot of ${node.volume?.id ?? 'the volume'} of ${node.instanceId}: its share of the ring would be missing.`,
        'Make snapshots of all nodes, or let zonefall make them.',
      ),
    )
    return []
  })
  const written = taken.filter(({ node }) => node.identity?.mode !== 'DRAINED')
  const starts = taken.map(({ latest }) => latest.startedAtMs)
  const apartMs = Math.max(...starts) - Math.min(...starts)
  if (apartMs <= SNAPSHOTS_APART_MS) return findings
  const apart = `The snapshots were begun ${Math.round(apartMs / 1000)} s apart`
  findings.push(
    written.length > 0
      ? refuse(
          'snapshots-apart',
          `${apart} while ${written.map(({ node }) => node.instanceId).join(', ')} took writes: what was written meanwhile is in some and not in others.`,
          'Drain all nodes (nodetool drain) and make the snapshots again.',
        )
      : // What is drained is written to no more, but a node doesn't say since when.
        {
          id: 'snapshots-apart',
          text: `${apart}, and nobody can tell whether all nodes were drained before the first.`,
          todo: 'Make them again, now that nothing is written, unless you know that they were.',
          severity: 'warn',
        },
  )
  return findings
}

function judgeVolume(one: HandMadeVolume, facts: MigrationFacts): Finding[] {
  const { source, target, template } = facts
  const { name, claim, volumeId, zones, reclaimPolicy, volume } = one
  const findings: Finding[] = []
  const what = `PersistentVolume ${name}`
  if (volume === undefined) {
    return [
      refuse(
        'volume-absent',
        `${what} names volume ${volumeId}, which EC2 does not have.`,
        'Name a volume of this region and account.',
      ),
    ]
  }
  if (zones.length === 0) {
    findings.push(
      refuse(
        'volume-no-affinity',
        `${what} has no node affinity: its pod may be put into any zone, and ${volumeId} can be attached in ${volume.zone} alone.`,
        `Add nodeAffinity for topology.kubernetes.io/zone In [${volume.zone}].`,
      ),
    )
  } else if (!zones.includes(volume.zone)) {
    findings.push(
      refuse(
        'volume-wrong-zone',
        `${what} sends its pod to ${zones.join(', ')}, and ${volumeId} is in ${volume.zone}.`,
        `Set its node affinity to ${volume.zone}.`,
      ),
    )
  }
  if (reclaimPolicy !== 'Retain') {
    findings.push(
      refuse(
        'volume-deleted-with-claim',
        `${what} has the reclaim policy ${reclaimPolicy}: with its claim the data would go.`,
        'Set persistentVolumeReclaimPolicy to Retain.',
      ),
    )
  }
  findings.push(...judgeOrigin(one, volume, source))
  if (claim !== undefined && ordinalOf(claim, template, target.statefulSet) === undefined) {
    findings.push(
      refuse(
        'volume-of-other-template',
        `${what} is for the claim ${claim}, which StatefulSet ${target.statefulSet} never asks for: it would make an empty volume and look healthy.`,
        `Call the claim ${template}-${target.statefulSet}-<ordinal>.`,
      ),
    )
  }
  const ordinal = claim === undefined ? undefined : ordinalOf(claim, template, target.statefulSet)
  const expected = ordinal === undefined ? undefined : source[ordinal]
  if (expected?.volume && volume.copyOf !== undefined && volume.copyOf !== expected.volume.id) {
    findings.push(
      refuse(
        'volumes-swapped',
        `The claim ${claim} leads to a copy of ${volume.copyOf}, and pod ${target.statefulSet}-${ordinal} is to become ${expected.instanceId}, whose volume is ${expected.volume.id}.`,
        'Give each claim the copy of its own node, or name the instances in the order of the pods.',
      ),
    )
  }
  return findings
}

function judgeOrigin(
  { name, volumeId }: HandMadeVolume,
  { attachedTo }: NonNullable<HandMadeVolume['volume']>,
  source: readonly SourceNode[],
): Finding[] {
  const owner = source.find((node) => node.volume?.id === volumeId)
  if (owner !== undefined) {
    return [
      refuse(
        'volume-of-source',
        `PersistentVolume ${name} names ${volumeId} itself, the volume of ${owner.instanceId}, and no copy: there would be no way back.`,
        'Name a volume made from a snapshot of it.',
      ),
    ]
  }
  if (attachedTo === undefined) return []
  return [
    refuse(
      'volume-attached',
      `Volume ${volumeId} of PersistentVolume ${name} is attached to ${attachedTo}, so that no node can have it.`,
      'Name a volume that is attached to nothing.',
    ),
  ]
}

/** The ordinal in a claim's name; undefined when it isn't one of the template's. */
function ordinalOf(claim: string, template: string, statefulSet: string): number | undefined {
  const prefix = `${template}-${statefulSet}-`
  const rest = claim.startsWith(prefix) ? claim.slice(prefix.length) : ''
  return /^\d+$/.test(rest) ? Number(rest) : undefined
}
