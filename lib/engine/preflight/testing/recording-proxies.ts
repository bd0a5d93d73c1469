import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'
import { isReading } from '../../../aws/testing/recording-proxy.ts'
import { closeServer, listenOnLoopback } from '../../../std/testing/listen.ts'

/** One call that went by. */
export interface RecordedCall {
  /** `ec2:DescribeInstances`, `GET /api/v1/nodes` */
  readonly what: string
  /** Whether it could change something: access reviews and dry runs can't. */
  readonly isMutating: boolean
}

/** What AWS is made to say in place of what the lab would: a status and a body, or a changed body. */
export interface AwsScript {
  /** By action of the query APIs. */
  readonly answers?: Readonly<Record<string, { readonly status: number; readonly body: string }>>
  readonly rewrites?: Readonly<Record<string, (body: string) => string>>
  /** EKS's answers by path, which the lab has none of. */
  readonly eks: Readonly<Record<string, unknown>>
}

/** Stands before the API server and the AWS API of a lab, and notes what is called. */
export interface RecordingProxies extends AsyncDisposable {
  readonly calls: readonly RecordedCall[]
  readonly kubernetesUrl: string
  readonly awsUrl: string
  /** Forgets the calls, and has AWS say this from now on. */
  restart(script: AwsScript): void
}

/** Starts both, on ports of 127.0.0.1. */
export async function startRecordingProxies(
  kubeconfig: KubeConfig,
  awsEndpoint: string,
): Promise<RecordingProxies> {
  const calls: RecordedCall[] = []
  let script: AwsScript = { eks: {} }
  const kubernetes = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request
    calls.push({ what: `${method} ${url}`, isMutating: changesObjects(method, url) })
    void (async () => {
      const body = await buffer(request)
      const target = new URL(url, kubeconfig.getCurrentCluster()?.server)
      const options = { method, headers: headersOf(request, target.host) }
      await kubeconfig.applyToHTTPSOptions(options)
      const call = httpsRequest(target, options, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      call.on('error', (error) => response.writeHead(502).end(String(error)))
      call.end(body)
    })()
  })
  const aws = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url = '/' } = request
      const body = await buffer(request)
      const [path = ''] = url.split('?')
      if (path in script.eks) {
        calls.push({ what: `eks:${method} ${path}`, isMutating: method !== 'GET' })
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(script.eks[path]))
        return
      }
      const form = new URLSearchParams(body.toString())
      const action = form.get('Action') ?? `${method} ${url}`
      const parameters = Object.fromEntries(form)
      calls.push({ what: `aws:${action}`, isMutating: !isReading({ action, parameters }) })
      const answer = script.answers?.[action]
      if (answer) {
        response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.body)
        return
      }
      const headers = headersOf(request, request.headers.host)
      const call = httpRequest(new URL(url, awsEndpoint), { method, headers }, (reply) => {
        void (async () => {
          const text = (await buffer(reply)).toString()
          const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = reply.headers
          response.writeHead(reply.statusCode ?? 502, rest)
          response.end(script.rewrites?.[action]?.(text) ?? text)
        })()
      })
      call.on('error', (error) => response.writeHead(502).end(String(error)))
      call.end(body)
    })()
  })
  return {
    calls,
    kubernetesUrl: await listenOnLoopback(kubernetes),
    awsUrl: await listenOnLoopback(aws),
    restart: (next) => {
      calls.length = 0
      script = next
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of [kubernetes, aws]) await closeServer(server)
    },
  }
}

/** A review asks what one may do, and a dry run what would happen. */
function changesObjects(method: string, url: string): boolean {
  return (
    !['GET', 'HEAD', 'OPTIONS'].includes(method) &&
    !/\/selfsubject(access|rules)reviews(\?|$)/.test(url) &&
    !/[?&]dryRun=All(&|$)/.test(url)
  )
}

function headersOf({ headers }: IncomingMessage, host: string | undefined): Record<string, string> {
  const { connection: _connection, host: _host, ...rest } = headers
  const one = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  return { ...Object.fromEntries(one), ...(host === undefined ? {} : { host }) }
}
