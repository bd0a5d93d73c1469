/**
 * One line of `timeline.ndjson`. `atMs` is milliseconds since the start of the run on the
 * supervisor's clock; every process of a run derives it from the run's start in `run.json`.
 */
export interface TimelineEvent {
  readonly atMs: number
  readonly source: 'supervisor' | 'scenario' | 'kubernetes' | 'ec2' | 'lab' | 'agent'
  /** Dotted, lower case: `step.begin`, `step.end`, `wait.begin`, `wait.end`, `fault.injected`, … */
  readonly kind: string
  readonly scenario?: string
  /**
   * Of what the cluster did: stem of the scenario file whose deployment it is about. Absent where
   * it is about all (a node), and where files run one after another.
   */
  readonly file?: string
  /** What it is about: `pod/cassandra-0`, `node/ip-…`, `volume/vol-…`. */
  readonly subject?: string
  /** One sentence for a person. */
  readonly text?: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** Whether an event may be a scenario's affair: not if it is about another file's deployment. */
export function concerns({ file }: Pick<TimelineEvent, 'file'>, scenario: string): boolean {
  return file === undefined || scenario.startsWith(`${file}/`)
}
