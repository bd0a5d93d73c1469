import { z } from 'zod'
import type { ClusterFacts } from './facts.ts'
import type { Refusal } from './refusal.ts'

const TYPE = 'kubernetes.io/dockerconfigjson'
const KEY = '.dockerconfigjson'

const dockerConfig = z.object({ auths: z.record(z.string(), z.unknown()) })

/** Whether the Secret that images are to be pulled with is there, and is one that they can be. */
export function judgePulls({
  target,
  pullSecret,
}: Pick<ClusterFacts, 'target' | 'pullSecret'>): Refusal[] {
  if (pullSecret === undefined) return []
  const { name, namespace, secret } = pullSecret
  const { mirror } = target.pulls ?? {}
  const kubectl = `kubectl --context ${target.context} -n ${namespace}`
  const create = `${kubectl} create secret docker-registry ${name} --docker-server=${mirror === undefined ? 'HOST' : hostOf(mirror)} --docker-username=USER --docker-password=PASSWORD`
  const refuse = (text: string): Refusal[] => [
    {
      check: 'pull secret',
      text: `The Secret ${name} that images are to be pulled with ${text}.`,
      todo: secret === undefined ? create : `${kubectl} delete secret ${name} && ${create}`,
    },
  ]
  if (secret === undefined) return refuse(`is not in namespace ${namespace}`)
  if (secret.type !== TYPE) return refuse(`is of type ${secret.type ?? 'none'}, not ${TYPE}`)
  const hosts = hostsIn(secret.data?.[KEY] ?? '')
  if (hosts === undefined) return refuse(`holds no list of logins under ${KEY}`)
  if (mirror !== undefined && !hosts.some((host) => isFor(host, hostOf(mirror)))) {
    return refuse(
      `has no login for the mirror ${hostOf(mirror)}, only for ${hosts.join(', ') || 'none'}`,
    )
  }
  return []
}

/** The registries that a Secret has logins for; undefined of one that can't be read. */
function hostsIn(base64: string): string[] | undefined {
  try {
    const text = Buffer.from(base64, 'base64').toString('utf8')
    return Object.keys(dockerConfig.parse(JSON.parse(text)).auths).map((entry) => hostOf(entry))
  } catch {
    return undefined
  }
}

/** `registry.example.com` of `https://registry.example.com/v2/` and `registry.example.com/mirror`. */
function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//, '').split('/')[0] ?? registry
}

/** As the kubelet matches them: `*.dkr.ecr.us-east-1.amazonaws.com`, a star within one label. */
function isFor(entry: string, host: string): boolean {
  const pattern = entry
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^.]*')
  return new RegExp(`^${pattern}$`).test(host)
}
