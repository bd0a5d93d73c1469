import { unmetNeeds } from '../engine/conduct.ts'
import { PreflightError } from '../model/errors.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import { CAPABILITIES, type Capability, type TargetDescription } from '../model/target.ts'
import { EKS_CAPABILITIES } from '../targets/eks.ts'
import { KUBECONFIG_CAPABILITIES } from '../targets/kubeconfig.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { lookAtTarget } from './look-at-target.ts'

/** What keeps a scenario from running on a target. */
export interface Judged {
  /** Each as the end of "needs …"; empty: it runs there. */
  readonly lacks: readonly string[]
}

type Kind = TargetDescription['kind']

/** What can be done on a target of a kind, whichever it is. */
const CAPABILITIES_OF: Readonly<Record<Kind, readonly Capability[]>> = {
  lab: CAPABILITIES,
  eks: EKS_CAPABILITIES,
  kubeconfig: KUBECONFIG_CAPABILITIES,
}

/**
 * Says of scenarios which run on a target. Without a context only what targets of that kind can do
 * is judged, for their zones are not known; a lab that is not up has as many as a scenario needs.
 *
 * @throws PreflightError when the cluster can't be asked
 */
export async function judgeScenarios(
  scenarios: readonly ScenarioInfo[],
  options: Partial<TargetOptions>,
): Promise<readonly (ScenarioInfo & Partial<Judged>)[]> {
  const { target: kind, context } = options
  if (kind === undefined) {
    if (context === undefined) return scenarios
    throw new PreflightError('--context says which cluster, and --target what kind it is.', {
      hint: `Add --target kubeconfig: npx zonefall list --target kubeconfig --context ${context}`,
    })
  }
  const looked = kind === 'lab' || context !== undefined
  const found = looked
    ? await lookAtTarget(await chooseTarget({ ...options, target: kind }))
    : undefined
  return scenarios.map((info) => ({
    ...info,
    lacks: found
      ? unmetNeeds(info, found)
      : unmetNeeds(withoutZones(info), { kind, capabilities: CAPABILITIES_OF[kind], zones: [] }),
  }))
}

function withoutZones(info: ScenarioInfo): ScenarioInfo {
  const { capabilities = [] } = info.options.needs ?? {}
  return { ...info, options: { ...info.options, needs: { capabilities } } }
}
