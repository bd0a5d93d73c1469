import { createServer, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { closeServer, listenOnLoopback } from '../../std/testing/listen.ts'

/** One call to AWS that went through, as it was made. */
export interface RecordedAwsCall {
  /** `ec2`, `autoscaling`, `sts`: from the scope of its signature. */
  readonly service: string
  /** `StopInstances` */
  readonly action: string
  /** Without Action and Version. */
  readonly parameters: Readonly<Record<string, string>>
  readonly status: number
  /** XML. */
  readonly answer: string
}

/** A proxy in front of an endpoint of AWS's query protocol that writes down every call. */
export interface RecordingAwsProxy extends AsyncDisposable {
  /** `http://127.0.0.1:…`, to be used as the endpoint. */
  readonly url: string
  readonly calls: readonly RecordedAwsCall[]
}

/**
 * Starts a proxy. Requests pass as they are, headers included: their signatures hold only then.
 *
 * @param endpoint plain HTTP, as the lab's is
 */
export async function startRecordingAwsProxy(endpoint: string): Promise<RecordingAwsProxy> {
  const calls: RecordedAwsCall[] = []
  const { hostname, port } = new URL(endpoint)
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await buffer(incoming)
      const onward = request({
        hostname,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      })
      onward.on('error', () => outgoing.destroy())
      onward.on('response', (response) => {
        void (async () => {
          const answer = await buffer(response)
          calls.push(callOf(incoming, body, response.statusCode ?? 0, answer))
          outgoing.writeHead(response.statusCode ?? 502, response.headers)
          outgoing.end(answer)
        })()
      })
      onward.end(body)
    })()
  })
  return {
    url: await listenOnLoopback(server),
    calls,
    [Symbol.asyncDispose]: () => closeServer(server),
  }
}

/** Whether a call changes nothing: it reads, or only asks for the right to change. */
export function isReading({
  action,
  parameters,
}: Pick<RecordedAwsCall, 'action' | 'parameters'>): boolean {
  return /^(Describe|Get|List)/.test(action) || parameters['DryRun'] === 'true'
}

function callOf(
  { headers }: IncomingMessage,
  body: Buffer,
  status: number,
  answer: Buffer,
): RecordedAwsCall {
  const { Action: action = '?', ...rest } = Object.fromEntries(
    new URLSearchParams(body.toString('utf8')),
  )
  const parameters = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'Version'))
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1]
  return { service: service ?? '?', action, parameters, status, answer: answer.toString('utf8') }
}
