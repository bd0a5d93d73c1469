import type { ScenarioResult } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import type { TargetDescription } from '../model/target.ts'
import type { TimelineEvent } from '../model/timeline.ts'

/** A made-up run for the tests of the reports: all four outcomes, hard texts, and a timeline. */

const sampleTarget: TargetDescription = {
  kind: 'lab',
  kubeconfig: '/somewhere/lab/kubeconfig',
  context: 'zonefall-lab',
  namespace: 'default',
  zones: ['a', 'b', 'c'].map((letter, index) => ({
    name: `us-east-1${letter}`,
    nodes: [
      { name: `ip-10-0-${index + 1}-10.ec2.internal`, instanceId: `i-0${letter.repeat(16)}` },
    ],
  })),
  capabilities: ['exec', 'ec2', 'nacl', 'capacity', 'commit-log-sync', 'legacy', 'launch-legacy'],
  aws: { region: 'us-east-1', endpoint: 'http://127.0.0.1:8000' },
  images: [
    {
      name: 'gcr.io/google-samples/cassandra:v11',
      standsBehind: 'Cassandra 3.11.19 on JDK 8, built from Maven jars and Debian packages',
    },
    { name: 'registry.k8s.io/pause:3.10', standsBehind: 'pause, built from the Kubernetes module' },
  ],
  differences: [
    'Nodes are namespaces on one machine, so they share its kernel and its clock.',
    'EBS volumes are ext4 on loop devices over sparse files.',
  ],
  kubernetesVersion: 'v1.36.2',
}

const scenario = (
  slug: string,
  claim: string,
  rest: Partial<ScenarioResult> & Pick<ScenarioResult, 'outcome'>,
): ScenarioResult => ({
  id: `cassandra/${slug}`,
  file: `scenarios/cassandra/${slug.split('/')[0]}.scenario.ts`,
  claim,
  tags: ['cassandra', 'seed'],
  evidence: [],
  startedAtMs: 0,
  durationMs: 1000,
  ...rest,
})

export const sampleResults: readonly ScenarioResult[] = [
  scenario('placement/each-pod', 'each volume is where the provisioner’s hash puts it', {
    outcome: 'pass',
    startedAtMs: 9_200,
    durationMs: 71_400,
    evidence: [
      {
        check: 'volumes are in the predicted zones',
        verdict: 'true',
        summary: 'three of three volumes are in the zone that was predicted before',
        data: { 'cassandra-0': 'us-east-1a', 'cassandra-1': 'us-east-1b', seen: 3 },
      },
      { check: 'the ring is complete', verdict: 'true', summary: 'three nodes are UN' },
    ],
  }),
  scenario(
    'cordon/a-pod-whose-zone-is-cordoned',
    'a pod whose zone is cordoned waits for its volume, and the data stays readable',
    {
      outcome: 'fail',
      startedAtMs: 80_700,
      durationMs: 96_300,
      errorClass: 'DataLossError',
      reason: '1 of 23 acknowledged rows is missing: "eu-south-1" <Milan & more> ]]>',
      hint: 'Look at commitlog_sync: with periodic the last 10 s may be lost.',
      stack: 'DataLossError: 1 of 23 acknowledged rows is missing\n    at cordon.scenario.ts:41:9',
      evidence: [
        {
          check: 'the pod stays Pending',
          verdict: 'true',
          summary: 'Pending for 60 s: 1 node was unschedulable, 2 had a volume affinity conflict',
          data: { reasons: [{ text: 'node(s) were unschedulable', nodes: 1 }] },
        },
        {
          check: 'every acknowledged row reads back at QUORUM',
          verdict: 'false',
          summary: '22 of 23 rows read back; missing: eu-south-1\u001B[31m (Milan)\u001B[0m\u0000',
          data: { expected: 23, seen: 22, missing: ['eu-south-1'] },
        },
        {
          check: 'ALL fails',
          verdict: 'unknown',
          summary: 'no answer within 20 s',
          chart: {
            title: 'How long it was awaited',
            bars: [
              { label: 'cassandra-0', value: 20, text: '20 s' },
              { label: 'in the tutorial', value: 30, text: '30 s', isReference: true },
            ],
          },
        },
      ],
    },
  ),
  scenario('cordon/the-same-name-and-volume-come-back', 'the same name and volume come back', {
    outcome: 'unknown',
    startedAtMs: 177_100,
    durationMs: 30_400,
    errorClass: 'InconclusiveError',
    reason: 'the steady state was not reached: two of three pods were ready after 30 s',
    hint: 'Run `zonefall report` and look at the pods’ logs.',
  }),
  scenario('nacl/a-zone-that-is-cut-off', 'a zone that is cut off rejoins without losing a row', {
    outcome: 'skipped',
    startedAtMs: 207_600,
    durationMs: 0,
    reason: 'needs the capability nacl, which a target of the kind kubeconfig does not have',
  }),
]

export const sampleSummary: RunSummary = {
  runId: '20261121-063012-k3f9',
  startedAt: '2026-11-21T06:30:12.345Z',
  durationMs: 232_678,
  target: sampleTarget,
  seed: '4242',
  tier: 'smoke',
  results: sampleResults,
  leaks: [],
  undoErrors: [],
  harnessErrors: [],
  exitCode: 1,
  verdictText: '1 scenario failed',
  timelineFile: 'timeline.ndjson',
  journalFile: 'journal.ndjson',
  logFiles: ['logs/pods/cassandra-0.log', 'logs/nodes/ip-10-0-1-10/kubelet.log'],
}

/** The same run when all went well. */
export const samplePassed: RunSummary = {
  ...sampleSummary,
  results: sampleResults.filter((result) => result.outcome === 'pass'),
  exitCode: 0,
  verdictText: 'every scenario passed',
}

const span = (
  source: TimelineEvent['source'],
  kind: string,
  id: string,
  text: string,
  [fromMs, toMs]: readonly [number, number],
  scenario?: string,
): TimelineEvent[] => {
  const event = { source, text, data: { id }, ...(scenario === undefined ? {} : { scenario }) }
  return [
    { ...event, kind: `${kind}.begin`, atMs: fromMs },
    { ...event, kind: `${kind}.end`, atMs: toMs },
  ]
}

const CORDON = 'cassandra/cordon/a-pod-whose-zone-is-cordoned'

const events: TimelineEvent[] = [
  ...span('supervisor', 'step', 's1', 'boot three machines', [100, 4_300]),
  ...span('supervisor', 'step', 's2', 'install DNS and the CSI driver', [4_300, 9_100]),
  ...span(
    'scenario',
    'wait',
    'w1',
    'three replicas to be ready',
    [9_400, 78_000],
    sampleResults[0]?.id,
  ),
  ...span('scenario', 'wait', 'w2', 'steady state: three nodes UN', [80_800, 82_900], CORDON),
  {
    atMs: 83_100,
    source: 'scenario',
    kind: 'fault.injected',
    scenario: CORDON,
    subject: 'zone/us-east-1a',
    text: 'cordoned ip-10-0-1-10.ec2.internal',
  },
  ...span('scenario', 'wait', 'w3', 'pod cassandra-0 to be explained', [83_200, 91_000], CORDON),
  ...span('scenario', 'wait', 'w4', 'pod cassandra-0 to stay Pending', [91_000, 151_000], CORDON),
  {
    atMs: 83_900,
    source: 'kubernetes',
    kind: 'pod.pending',
    subject: 'pod/cassandra-0',
    text: 'cassandra-0 waits: 0/3 nodes are available',
  },
  {
    atMs: 210_000,
    source: 'kubernetes',
    kind: 'pod.deleted',
    subject: 'pod/cassandra-0',
    text: 'cassandra-0 is gone',
  },
  { atMs: 151_400, source: 'scenario', kind: 'fault.healed', scenario: CORDON, text: 'uncordoned' },
  ...span('scenario', 'wait', 'w5', 'pod cassandra-0 to be Ready', [151_500, 176_800], CORDON),
  ...span('supervisor', 'step', 's3', 'delete what was created', [208_000, 231_900]),
]

export const sampleTimeline: readonly TimelineEvent[] = events.toSorted((a, b) => a.atMs - b.atMs)
