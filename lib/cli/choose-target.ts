import { loadSettings } from '../config/load-settings.ts'
import { rulesOf, type Settings } from '../config/settings.ts'
import { AUTO_NAMESPACE } from '../engine/supervisor.ts'
import { PreflightError } from '../model/errors.ts'
import type { SafetyRules } from '../model/safety-rules.ts'
import { eksTarget } from '../targets/eks.ts'
import { kubeconfigTarget } from '../targets/kubeconfig.ts'
import { LAB_IMAGES, labTarget } from '../targets/lab.ts'
import { pullingFrom } from '../targets/pulling-from.ts'
import type { Target } from '../targets/target.ts'

export const TARGETS = ['lab', 'kubeconfig', 'eks'] as const
export const TIMERS = ['eks', 'short'] as const

/** The options by which a person names a target. */
export interface TargetOptions {
  readonly target: (typeof TARGETS)[number]
  readonly context?: string
  readonly kubeconfig?: string
  readonly namespace?: string
  readonly keep?: boolean
  readonly timers?: (typeof TIMERS)[number]
  /** What will be deployed: the lab builds some images only for those. */
  readonly systems?: readonly string[]
  /** Narrow what the consent allows. */
  readonly nodeGroups?: readonly string[]
  readonly maxBlastRadius?: number
  /** Of zonefall.config.ts and the environment; see `settle`. */
  readonly settings?: Settings
}

/**
 * The target that the options name.
 *
 * @throws PreflightError when they contradict one another or name one that can't be used.
 */
export async function chooseTarget(options: TargetOptions): Promise<Target> {
  const { target, context, kubeconfig, namespace, keep = false, timers } = options
  checkTarget(options)
  if (target === 'lab') {
    return labTarget({
      namespace: namespace ?? 'default',
      keep,
      ...(timers === undefined ? {} : { timers }),
      images: LAB_IMAGES.filter((image) =>
        options.systems?.some((system) => system === image || system.startsWith(`${image}-`)),
      ),
    })
  }
  const settings = options.settings ?? (await loadSettings())
  if (context === undefined && settings.context !== undefined) {
    throw new PreflightError('A cluster that is not the lab has to be named by --context.', {
      hint: `The settings are for --context ${settings.context}.`,
    })
  }
  const { profile, legacy } = settings
  const shared = {
    namespace: namespace ?? AUTO_NAMESPACE,
    rules: rulesFor(options, settings),
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  }
  const chosen =
    target === 'eks'
      ? await eksTarget({
          ...shared,
          ...(profile === undefined ? {} : { profile }),
          ...(legacy === undefined ? {} : { legacy }),
        })
      : await kubeconfigTarget(shared)
  return settings.images === undefined ? chosen : pullingFrom(chosen, settings.images)
}

/** What is allowed on a shared target: the settings, and flags before them. */
function rulesFor(
  { nodeGroups, maxBlastRadius }: Pick<TargetOptions, 'nodeGroups' | 'maxBlastRadius'>,
  settings: Settings,
): SafetyRules {
  return {
    ...rulesOf(settings),
    ...(nodeGroups === undefined ? {} : { nodeGroups }),
    ...(maxBlastRadius === undefined ? {} : { maxBlastRadius }),
  }
}

/**
 * Checks the options that name a target, before anything is asked of it.
 *
 * @throws PreflightError when they contradict one another.
 */
export function checkTarget({ target, context, kubeconfig, timers }: TargetOptions): void {
  if (timers !== undefined && target !== 'lab') {
    throw new PreflightError('--timers is for the lab: a cluster keeps the timers that it has.')
  }
  if (target === 'lab' && (context !== undefined || kubeconfig !== undefined)) {
    throw new PreflightError('--context and --kubeconfig are of no use with --target lab.', {
      hint: 'Add --target eks, or --target kubeconfig, for that cluster.',
    })
  }
}
