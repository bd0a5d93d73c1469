import { narrowToScope } from '../engine/preflight/narrow-to-scope.ts'
import type { TargetDescription } from '../model/target.ts'
import { findRunningLab } from '../targets/running-lab.ts'
import type { Target } from '../targets/target.ts'

/**
 * What a run would find at a target: its zones with the nodes that it may touch, what can be done
 * there. Reads only; undefined for a lab that is not up, which is not booted for that.
 *
 * @throws PreflightError for what a run would be refused for
 */
export async function lookAtTarget(target: Target): Promise<TargetDescription | undefined> {
  if (target.kind === 'lab' && !(await findRunningLab())) return undefined
  const { signal } = new AbortController()
  const started = await target.start({ onStep: () => undefined, signal })
  // Nothing was brought up: the lab was there, and other targets are only reached.
  await started.stop()
  const { rules } = target
  return rules === undefined ? started.description : narrowToScope(started, rules)
}
