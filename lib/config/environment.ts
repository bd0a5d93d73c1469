import type { z } from 'zod'
import type { settingsSchema } from './settings.ts'

type RawSettings = z.input<typeof settingsSchema>
type Words = Record<string, unknown>

const list = (text: string): string[] => text.split(/[\s,]+/).filter((item) => item !== '')

/** Which variable is which setting; `budgets.usd` is `{ budgets: { usd } }`. */
export const VARIABLES: Readonly<
  Record<string, { readonly path: string; readonly parse?: (text: string) => unknown }>
> = {
  ZONEFALL_TARGET: { path: 'target' },
  ZONEFALL_CONTEXT: { path: 'context' },
  ZONEFALL_CLUSTER: { path: 'cluster.name' },
  ZONEFALL_REGION: { path: 'cluster.region' },
  ZONEFALL_ACCOUNT: { path: 'cluster.account' },
  ZONEFALL_NODE_GROUPS: { path: 'nodeGroups', parse: list },
  ZONEFALL_NAMESPACE: { path: 'namespace' },
  ZONEFALL_IMAGE_MIRROR: { path: 'images.mirror' },
  ZONEFALL_IMAGE_PULL_SECRET: { path: 'images.pullSecret' },
  ZONEFALL_FAULTS: { path: 'faults', parse: list },
  ZONEFALL_BUDGET_USD: { path: 'budgets.usd', parse: Number },
  ZONEFALL_TIME_LIMIT: { path: 'budgets.timeLimit' },
  ZONEFALL_MAX_BLAST_RADIUS: { path: 'budgets.maxBlastRadius', parse: Number },
}

/**
 * Settings with the environment's in their place; nothing is checked yet. Empty variables count as
 * unset.
 */
export function withEnvironment(settings: object, env: NodeJS.ProcessEnv): RawSettings {
  const merged: Words = structuredClone({ ...settings })
  for (const [name, { path, parse }] of Object.entries(VARIABLES)) {
    const text = env[name]
    if (text === undefined || text === '') continue
    const [top = '', below] = path.split('.')
    const value = parse ? parse(text) : text
    merged[top] = below === undefined ? value : { ...asWords(merged[top]), [below]: value }
  }
  return merged
}

function asWords(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
