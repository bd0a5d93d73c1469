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
  /** Whether stopping takes it down, because this run brought it up. */
  readonly owned: boolean
  /** Folder of the target's own logs on this machine. */
  readonly logsDir?: string
  /** Takes it down if it is owned; leaves it otherwise. Idempotent. */
  stop(): Promise<void>
}
