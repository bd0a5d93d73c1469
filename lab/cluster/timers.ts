/** Which of Kubernetes' timers a lab keeps: those of EKS, or shorter ones where flags can. */
export type Timers = 'eks' | 'short'

interface TimerSettings {
  readonly apiServer: readonly string[]
  readonly controllerManager: readonly string[]
  /** Fields of the KubeletConfiguration. */
  readonly kubelet: Readonly<Record<string, unknown>>
  /** What each report says of it. */
  readonly difference?: string
}

/**
 * What has no flag stays: PodGC's loop of 20 s and quarantine of 40 s, and the 6 minutes until a
 * volume is detached by force. A lease is renewed every quarter of its duration, and the grace
 * period must outlast some renewals on a busy host.
 */
export const TIMERS: Readonly<Record<Timers, TimerSettings>> = {
  eks: { apiServer: [], controllerManager: [], kubelet: {} },
  short: {
    apiServer: [
      '--default-not-ready-toleration-seconds=30',
      '--default-unreachable-toleration-seconds=30',
    ],
    controllerManager: ['--node-monitor-grace-period=16s', '--node-monitor-period=1s'],
    kubelet: { nodeLeaseDurationSeconds: 12 },
    difference:
      "Kubernetes' timers are shortened (--timers short): a node is NotReady 16 s after its last sign of life instead of 50 s, and its pods are evicted after 30 s instead of 300 s.",
  },
}
