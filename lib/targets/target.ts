import type { SafetyRules } from '../model/safety-rules.ts'
import type { TargetDescription } from '../model/target.ts'

/** One step of bringing a target up or down, as the screen shows it. */
export interface StepEvent {
  readonly id: string
  readonly text: string
  readonly state: 'begin' | 'end' | 'fail'
  readonly elapsedMs?: number
}

export interface StartOptions {
  readonly onStep: (event: StepEvent) => void
  /** Aborted when the run is interrupted: the start ends soon, with nothing left behind. */
  readonly signal: AbortSignal
}

/** A place to run: knows how to get there. */
export interface Target {
  readonly kind: TargetDescription['kind']
  /** Two runs with the same key would disturb each other; known before the start. */
  readonly lockKey: string
  /** What a person allows on a target that is shared with others; absent on the lab. */
  readonly rules?: SafetyRules
  /**
   * Brings it up, or reaches it.
   *
   * @throws PreflightError when it must be refused, LabError when the lab breaks.
   */
  start(options: StartOptions): Promise<StartedTarget>
}

/** A target that can be worked with. */
export interface StartedTarget {
  readonly description: TargetDescription
  /** UID of the namespace kube-system. */
  readonly clusterUid: string
  /** What the kubeconfig tells of the EKS cluster behind it. */
  readonly eks?: { readonly clusterName?: string; readonly account?: string }
  /** Whether stopping takes it down, because this run brought it up. */
  readonly owned: boolean
  /** Folder of the target's own logs on this machine. */
  readonly logsDir?: string
  /** Takes it down if it is owned; leaves it otherwise. Idempotent. */
  stop(): Promise<void>
}

/** Reaches a cluster that is there already, telling it as a step. */
export async function reachTarget(
  context: string,
  onStep: StartOptions['onStep'],
  reach: () => Promise<StartedTarget>,
): Promise<StartedTarget> {
  const startedMs = performance.now()
  const step = { id: 'reach-cluster', text: `Reach the cluster of context ${context}` }
  const elapsed = () => ({ elapsedMs: Math.round(performance.now() - startedMs) })
  onStep({ ...step, state: 'begin' })
  try {
    const started = await reach()
    onStep({ ...step, state: 'end', ...elapsed() })
    return started
  } catch (error) {
    onStep({ ...step, state: 'fail', ...elapsed() })
    throw error
  }
}
