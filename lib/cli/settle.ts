import type { Command } from 'commander'
import { loadSettings } from '../config/load-settings.ts'
import type { Settings } from '../config/settings.ts'
import { duration } from './options.ts'

/** Options of a command line that settings stand in for. */
const FROM_SETTINGS: Readonly<Record<string, (settings: Settings) => unknown>> = {
  target: ({ target }) => target,
  kubeconfig: ({ kubeconfig }) => kubeconfig,
  namespace: ({ namespace }) => namespace,
  budgetUsd: ({ budgets }) => budgets?.usd,
  timeLimit: ({ budgets }) =>
    budgets?.timeLimit === undefined ? undefined : duration(budgets.timeLimit),
  manifests: ({ databases = {} }) => {
    const given = Object.entries(databases).flatMap(([name, database]) =>
      database?.manifests === undefined ? [] : [[name, database.manifests] as const],
    )
    return given.length === 0 ? undefined : Object.fromEntries(given)
  },
}

/** What only makes sense on the cluster that the settings are for. */
const OF_A_CLUSTER: readonly string[] = ['kubeconfig', 'namespace']

function isFor({ target: meant }: Settings, target: unknown): boolean {
  return target !== 'lab' && (meant === undefined || meant === target)
}

/**
 * Gives a command the settings of zonefall.config.ts and the environment in place of flags that
 * were not given, and all of them as `settings`. A target named on the command line has its own
 * kubeconfig and namespace; the file's are of the file's target.
 *
 * @throws PreflightError for settings that don't hold
 */
export async function settle(command: Command): Promise<void> {
  const options = command.options.map((option) => option.attributeName())
  if (!options.includes('config')) return
  const given = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  const path: unknown = command.getOptionValue('config')
  const settings = await loadSettings(typeof path === 'string' ? { path } : {})
  for (const [name, pick] of Object.entries(FROM_SETTINGS)) {
    if (!options.includes(name) || given(name)) continue
    if (OF_A_CLUSTER.includes(name) && !isFor(settings, command.getOptionValue('target'))) continue
    const value = pick(settings)
    if (value !== undefined) command.setOptionValueWithSource(name, value, 'config')
  }
  command.setOptionValueWithSource('settings', settings, 'config')
}
