import { parseArgs, type ParseArgsConfig } from 'node:util'
import { messageOf } from './rpc/unknown.ts'

/** What the command line and the environment ask of a process. */
export type Options =
  | {
      readonly mode: 'controller'
      readonly socketPath: string
      readonly extraTags: Readonly<Record<string, string>>
    }
  | {
      readonly mode: 'node'
      readonly socketPath: string
      readonly nodeName: string
      readonly kubeconfig: string | undefined
      readonly attachLimit: number | undefined
      /** Absent when a registrar of its own does it. */
      readonly registration?: { readonly endpoint: string; readonly directory: string }
    }
  | {
      readonly mode: 'registrar'
      readonly csiAddress: string
      readonly endpoint: string
      readonly directory: string
    }

/** The command line can't be understood; the message says what would be. */
export class UsageError extends Error {}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

/** Options of upstream's that manifests pass and that make no difference here. */
const WITHOUT_EFFECT = {
  v: text,
  batching: text,
  'logging-format': text,
  'user-agent-extra': text,
} as const

const REGISTRATION = {
  'kubelet-registration-path': text,
  'plugin-registration-dir': text,
} as const

const DEFAULT_DIRECTORY = '/var/lib/kubelet/plugins_registry'

export const USAGE = `usage:
  controller --endpoint unix:/PATH [--k8s-tag-cluster-id ID] [--extra-tags K=V,…]
  node       --endpoint unix:/PATH [--node-name NAME] [--kubeconfig PATH] [--volume-attach-limit N]
             [--register [--kubelet-registration-path PATH] [--plugin-registration-dir DIR]]
  registrar  --csi-address PATH --kubelet-registration-path PATH [--plugin-registration-dir DIR]
environment: AWS_REGION, AWS_EC2_ENDPOINT or AWS_ENDPOINT_URL_EC2, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY (controller); CSI_NODE_NAME, KUBECONFIG (node); CSI_ENDPOINT`

/** @throws UsageError */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Options {
  const [mode = '', ...args] = argv
  switch (mode) {
    case 'controller':
      return controllerOptions(args, env)
    case 'node':
      return nodeOptions(args, env)
    case 'registrar': {
      const values = parse(args, { 'csi-address': text, ...REGISTRATION, v: text })
      return {
        mode,
        csiAddress: socketPathOf(required(values, 'csi-address')),
        endpoint: required(values, 'kubelet-registration-path'),
        directory: one(values, 'plugin-registration-dir') ?? DEFAULT_DIRECTORY,
      }
    }
    default:
      throw new UsageError(`unknown mode "${mode}"`)
  }
}

function controllerOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const values = parse(args, {
    endpoint: text,
    'k8s-tag-cluster-id': text,
    'extra-tags': text,
    ...WITHOUT_EFFECT,
  })
  const cluster = one(values, 'k8s-tag-cluster-id')
  return {
    mode: 'controller',
    socketPath: endpointOf(values, env),
    extraTags: {
      ...(cluster === undefined
        ? {}
        : {
            [`kubernetes.io/cluster/${cluster}`]: 'owned',
            KubernetesCluster: cluster,
            'ebs.csi.aws.com/cluster-name': cluster,
          }),
      ...tagsOf(one(values, 'extra-tags') ?? ''),
    },
  }
}

function nodeOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const values = parse(args, {
    endpoint: text,
    'node-name': text,
    kubeconfig: text,
    'volume-attach-limit': text,
    'metadata-sources': text,
    register: flag,
    ...REGISTRATION,
    ...WITHOUT_EFFECT,
  })
  const socketPath = endpointOf(values, env)
  const nodeName = one(values, 'node-name') ?? env['CSI_NODE_NAME']
  if (!nodeName) throw new UsageError('--node-name or CSI_NODE_NAME is required')
  const sources = one(values, 'metadata-sources') ?? 'kubernetes'
  if (!sources.split(',').includes('kubernetes')) {
    throw new UsageError('--metadata-sources must contain kubernetes, the only source there is')
  }
  return {
    mode: 'node',
    socketPath,
    nodeName,
    kubeconfig: one(values, 'kubeconfig') || env['KUBECONFIG'] || undefined,
    attachLimit: limitOf(one(values, 'volume-attach-limit') ?? '-1'),
    ...(values['register'] === true
      ? {
          registration: {
            endpoint: one(values, 'kubelet-registration-path') ?? socketPath,
            directory: one(values, 'plugin-registration-dir') ?? DEFAULT_DIRECTORY,
          },
        }
      : {}),
  }
}

type Values = Readonly<Record<string, unknown>>

function parse(args: readonly string[], options: ParseArgsConfig['options'] & object): Values {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

const one = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

function required(values: Values, name: string): string {
  const value = one(values, name)
  if (!value) throw new UsageError(`--${name} is required`)
  return value
}

function endpointOf(values: Values, env: NodeJS.ProcessEnv): string {
  const endpoint = one(values, 'endpoint') ?? env['CSI_ENDPOINT']
  if (!endpoint) throw new UsageError('--endpoint or CSI_ENDPOINT is required')
  return socketPathOf(endpoint)
}

/** `unix:/p`, `unix:///p` and `/p` are the same socket. */
function socketPathOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/, '')
  if (!path.startsWith('/')) {
    throw new UsageError(`"${endpoint}" is no absolute path of a unix socket`)
  }
  return path
}

function limitOf(value: string): number | undefined {
  if (!/^(-1|\d+)$/.test(value)) {
    throw new UsageError(`--volume-attach-limit must be a whole number, not "${value}"`)
  }
  return value === '-1' ? undefined : Number(value)
}

function tagsOf(list: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list
      .split(',')
      .filter((item) => item !== '')
      .map((item): [string, string] => {
        const at = item.indexOf('=')
        if (at < 1) throw new UsageError(`--extra-tags needs key=value, not "${item}"`)
        return [item.slice(0, at), item.slice(at + 1)]
      }),
  )
}
