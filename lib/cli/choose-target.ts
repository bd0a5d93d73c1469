import { AUTO_NAMESPACE } from '../engine/supervisor.ts'
import { PreflightError } from '../model/errors.ts'
import { kubeconfigTarget } from '../targets/kubeconfig.ts'
import { labTarget } from '../targets/lab.ts'
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
    })
  }
  return kubeconfigTarget({
    namespace: namespace ?? AUTO_NAMESPACE,
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  })
}

/**
 * Checks the options that name a target, before anything is asked of it.
 *
 * @throws PreflightError when they contradict one another or name one that can't be used.
 */
export function checkTarget({ target, context, kubeconfig, timers }: TargetOptions): void {
  if (timers !== undefined && target !== 'lab') {
    throw new PreflightError('--timers is for the lab: a cluster keeps the timers that it has.')
  }
  if (target === 'eks') {
    throw new PreflightError(
      'The target eks is refused: the interlock that it needs (consent, account, production check) is not built yet.',
      { hint: 'Faults without EC2 work on any cluster: --target kubeconfig --context NAME.' },
    )
  }
  if (target === 'lab' && (context !== undefined || kubeconfig !== undefined)) {
    throw new PreflightError('--context and --kubeconfig are of no use with --target lab.', {
      hint: 'Add --target kubeconfig for that cluster.',
    })
  }
}
