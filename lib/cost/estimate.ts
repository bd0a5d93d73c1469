import type { Prices } from './prices.ts'

/** What a run uses, as far as it is known before. */
export interface Usage {
  /** On AWS: see `estimateRunTime`. */
  readonly seconds: number
  /** Volumes that are made, all of them for the whole run. */
  readonly volumes: readonly { readonly type: string; readonly gib: number }[]
  /** Types of the cluster's nodes, one for each. */
  readonly nodes: readonly string[]
  /** Instances that a fault ends, which are replaced, or tries to launch. */
  readonly launches: number
  readonly region?: string
}

export interface CostItem {
  readonly text: string
  readonly usd: number
}

/** What a run costs, at most as far as that can be said; US dollars. */
export interface Cost {
  readonly hours: number
  /** What would not be paid without the run. */
  readonly added: readonly CostItem[]
  /** What the cluster costs for as long as the run takes, run or not. */
  readonly meanwhile: readonly CostItem[]
  readonly addedUsd: number
  readonly totalUsd: number
  /** What has no price in the table, and is in no sum. */
  readonly unpriced: readonly string[]
  /** When the prices were read, and where. */
  readonly asOf: string
  readonly source: string
  readonly region: string
}

/** EBS counts a month as 30 days. */
const HOURS_PER_MONTH = 720
/** EC2 charges a Linux instance by the second, and at least a minute of it. */
const LEAST_INSTANCE_HOURS = 1 / 60

/** Adds up what a run with this usage costs. */
export function estimateCost(usage: Usage, prices: Prices): Cost {
  const { usd, assumptions } = prices
  const hours = usage.seconds / 3600
  const unpriced = new Set<string>()
  const known = (table: Readonly<Record<string, number>>, what: string, name: string): number => {
    const found = table[name]
    if (found === undefined) unpriced.add(`${what} ${name}`)
    return found ?? 0
  }
  const volumeUsd = (type: string, gib: number): number =>
    (known(usd.volumeGibMonth, 'volume type', type) * gib * hours) / HOURS_PER_MONTH
  const instanceUsd = (type: string): number => known(usd.instanceHour, 'instance type', type)

  const gib = sum(usage.volumes.map((volume) => volume.gib))
  const dearest = Math.max(0, ...usage.nodes.map((type) => instanceUsd(type)))
  const root = volumeUsd(assumptions.rootVolumeType, assumptions.rootVolumeGib)
  const added: CostItem[] = [
    {
      text: `${usage.volumes.length} volumes, ${gib} GiB`,
      usd: sum(usage.volumes.map((volume) => volumeUsd(volume.type, volume.gib))),
    },
    {
      text: `${usage.launches} instances launched or started anew, each charged for a minute at least`,
      usd: usage.launches * (dearest * LEAST_INSTANCE_HOURS + root),
    },
    {
      text: `${round(assumptions.crossZoneGibPerHour * hours)} GiB between zones`,
      usd: assumptions.crossZoneGibPerHour * hours * usd.crossZoneGib,
    },
  ]
  const meanwhile: CostItem[] = [
    { text: 'the control plane', usd: usd.clusterHour * hours },
    {
      text: `${usage.nodes.length} nodes (${counted(usage.nodes)}) with their root volumes and addresses`,
      usd: sum(
        usage.nodes.map((type) => (instanceUsd(type) + usd.publicAddressHour) * hours + root),
      ),
    },
  ]
  const addedUsd = sum(added.map((item) => item.usd))
  return {
    hours,
    added: added.filter((item) => item.usd > 0),
    meanwhile,
    addedUsd,
    totalUsd: addedUsd + sum(meanwhile.map((item) => item.usd)),
    unpriced: [...unpriced],
    asOf: prices.asOf,
    source: prices.source,
    region: prices.region,
  }
}

function sum(items: readonly number[]): number {
  return items.reduce((total, item) => total + item, 0)
}

/** `3 t3.medium, 1 m5.large` */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
