import type { V1ConfigMap, V1Pod } from '@kubernetes/client-node'
import { AGENT_ROLE, ROLE_LABEL } from '../../model/run-label.ts'
import { LOGIN_FOLDER, type SecretProjection } from '../../databases/login-files.ts'
import { withPulls } from '../../kube/pulls.ts'
import type { PullRules, Zone } from '../../model/target.ts'
import { AGENT_PORT } from '../protocol.ts'

/** Anybody's image with Node 24 and a shell: the program comes by the ConfigMap. */
const AGENT_IMAGE = 'docker.io/library/node:24-bookworm-slim'
export const AGENT_CONTAINER = 'agent'

/** By this label faults that empty nodes know the pods that watch them do so. */
const AGENT_LABELS = { [ROLE_LABEL]: AGENT_ROLE } as const

const BUNDLE = 'agent.mjs.gz'
/** An image without gunzip has Node. */
const UNPACK =
  `require('fs').writeFileSync('/agent/agent.mjs',` +
  `require('zlib').gunzipSync(require('fs').readFileSync('/bundle/${BUNDLE}')))`

/** Where the agent runs and what its objects are called. */
export interface AgentPlace {
  readonly name: string
  readonly configMap: string
  readonly zone: Zone
  readonly labels: Readonly<Record<string, string>>
  readonly pulls: PullRules
  /** What its client logs in with; empty: nothing. */
  readonly login: readonly SecretProjection[]
}

/** Holds the agent's program. */
export function agentConfigMap(
  name: string,
  labels: Readonly<Record<string, string>>,
  bundle: Buffer,
): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { ...labels, ...AGENT_LABELS } },
    binaryData: { [BUNDLE]: bundle.toString('base64') },
  }
}

/**
 * One agent: bound to the nodes of its zone that the run may touch, and staying there whatever
 * becomes of them, so that a zone's clients go with the zone. What it has written outlives its
 * container, but not the pod.
 */
export function agentPod({ name, configMap, zone, labels, pulls, login }: AgentPlace): V1Pod {
  const hasLogin = login.length > 0
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { ...labels, ...AGENT_LABELS } },
    spec: withPulls(
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: zone.nodes.map((node) => ({
                matchExpressions: [
                  { key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone.name] },
                ],
                matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.name] }],
              })),
            },
          },
        },
        tolerations: [{ operator: 'Exists' }],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 2,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          fsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: AGENT_CONTAINER,
            image: AGENT_IMAGE,
            imagePullPolicy: 'IfNotPresent',
            command: [
              'sh',
              '-c',
              'node -e "$0" && exec node /agent/agent.mjs serve /agent/state',
              UNPACK,
            ],
            ports: [{ name: 'control', containerPort: AGENT_PORT }],
            resources: {
              requests: { cpu: '20m', memory: '64Mi' },
              limits: { memory: '256Mi' },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [
              { name: 'bundle', mountPath: '/bundle', readOnly: true },
              { name: 'agent', mountPath: '/agent' },
              ...(hasLogin ? [{ name: 'login', mountPath: LOGIN_FOLDER, readOnly: true }] : []),
            ],
          },
        ],
        volumes: [
          { name: 'bundle', configMap: { name: configMap } },
          { name: 'agent', emptyDir: { sizeLimit: '512Mi' } },
          // For the agent's group and nobody else.
          ...(hasLogin
            ? [{ name: 'login', projected: { defaultMode: 0o440, sources: [...login] } }]
            : []),
        ],
      },
      pulls,
    ),
  }
}
