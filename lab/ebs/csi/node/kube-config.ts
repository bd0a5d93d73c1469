import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { at, textAt } from '../rpc/unknown.ts'

/** How to reach the API server and as whom. */
export interface KubeAccess {
  readonly server: string
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly token?: string
  readonly tlsServerName?: string
  readonly insecure: boolean
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Reads a kubeconfig's current context, or, without one, the pod's service account. Certificates
 * are read anew by each call, because a kubelet's are rotated.
 *
 * @throws Error that says what is missing; exec and auth-provider users are not supported.
 */
export async function loadKubeAccess(kubeconfig: string | undefined): Promise<KubeAccess> {
  return kubeconfig === undefined ? await inCluster() : await fromFile(kubeconfig)
}

async function inCluster(): Promise<KubeAccess> {
  const host = process.env['KUBERNETES_SERVICE_HOST']
  const port = process.env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) {
    throw new Error('No way to the API server: set KUBECONFIG, or run in a pod.')
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await readFile(join(SERVICE_ACCOUNT, 'ca.crt')),
    token: (await readFile(join(SERVICE_ACCOUNT, 'token'), 'utf8')).trim(),
    insecure: false,
  }
}

async function fromFile(path: string): Promise<KubeAccess> {
  const config = await parse(await readFile(path, 'utf8'))
  const context = named(config, 'context', textAt(config, 'current-context'), path)
  const cluster = named(config, 'cluster', textAt(context, 'cluster'), path)
  const user = named(config, 'user', textAt(context, 'user'), path)
  const server = textAt(cluster, 'server')
  if (server === undefined) throw new Error(`${path} names no server.`)
  const bytes = (section: unknown, key: string) => readBytes(section, key, dirname(path))
  const [ca, cert, key, tokenFile] = await Promise.all([
    bytes(cluster, 'certificate-authority'),
    bytes(user, 'client-certificate'),
    bytes(user, 'client-key'),
    bytes(user, 'tokenFile'),
  ])
  const token = tokenFile?.toString('utf8').trim() ?? textAt(user, 'token')
  const tlsServerName = textAt(cluster, 'tls-server-name')
  if (cert === undefined && token === undefined) {
    throw new Error(`${path} has neither a client certificate nor a token for its user.`)
  }
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    insecure: at(cluster, 'insecure-skip-tls-verify') === true,
  }
}

/** The `kind` called `name` of the file's list of them; its only one when the name is left out. */
function named(
  config: unknown,
  kind: 'context' | 'cluster' | 'user',
  name: string | undefined,
  path: string,
): unknown {
  const list = at(config, `${kind}s`)
  const all: readonly unknown[] = Array.isArray(list) ? list : []
  const found =
    name === undefined && all.length === 1
      ? all[0]
      : all.find((item) => textAt(item, 'name') === name)
  if (found === undefined) throw new Error(`${path} has no ${kind} called "${name ?? ''}".`)
  return at(found, kind)
}

/** JSON is YAML too and needs no parser; YAML's is loaded for the file that isn't. */
async function parse(text: string): Promise<unknown> {
  if (text.trimStart().startsWith('{')) return JSON.parse(text)
  const yaml = await import('yaml')
  return yaml.parse(text)
}

/** `key` is a path, relative to the kubeconfig; `key-data` holds the content in base 64. */
async function readBytes(
  section: unknown,
  key: string,
  folder: string,
): Promise<Buffer | undefined> {
  const data = textAt(section, `${key}-data`)
  if (data !== undefined) return Buffer.from(data, 'base64')
  const path = textAt(section, key)
  return path === undefined ? undefined : await readFile(resolve(folder, path))
}
