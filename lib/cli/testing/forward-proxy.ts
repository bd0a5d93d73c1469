import { once } from 'node:events'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { testCertificates } from '../../databases/testing/test-certificates.ts'
import { closeServer, listenOnLoopback } from '../../std/testing/listen.ts'

/** A company's way out: whoever has no other gets to these hosts by it alone, for none resolves. */
export interface ForwardProxy extends AsyncDisposable {
  /** For HTTPS_PROXY. */
  readonly url: string
  /** Hosts that were asked for, in order. */
  readonly hosts: readonly string[]
  /** PEM of who vouches for AWS here; for NODE_EXTRA_CA_CERTS. */
  readonly caCertificate: string
}

export interface ProxiedHosts {
  /** The API server's name, and the port of 127.0.0.1 behind it. */
  readonly apiServer: { readonly host: string; readonly port: number }
  /** Where calls to the services of `us-east-1` end: plain HTTP. */
  readonly awsEndpoint: string
  /** What STS says to AssumeRole, which the endpoint doesn't know; XML. */
  readonly assumedRole: string
}

const AWS = 'us-east-1.amazonaws.com'

/** Starts a proxy that takes CONNECT and nothing else, and AWS behind it. */
export async function startForwardProxy(hosts: ProxiedHosts): Promise<ForwardProxy> {
  const asked: string[] = []
  const names = { [`*.${AWS}`]: `*.${AWS}` } as const
  const { [`*.${AWS}`]: certificate } = await testCertificates(Object.values(names))
  const aws = createHttpsServer({
    cert: certificate?.['tls.crt'] ?? '',
    key: certificate?.['tls.key'] ?? '',
  })
  aws.on('request', (incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      if (new URLSearchParams(body.toString()).get('Action') === 'AssumeRole') {
        outgoing.writeHead(200, { 'content-type': 'text/xml' }).end(hosts.assumedRole)
        return
      }
      const { method, url = '/', headers } = incoming
      const onward = httpRequest(new URL(url, hosts.awsEndpoint), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      onward.end(body)
    })
  })
  aws.listen(0, '127.0.0.1')
  await once(aws, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port: awsPort } = aws.address() as AddressInfo

  const open = new Set<Socket>()
  const proxy = createHttpServer((_request, response) => response.writeHead(405).end())
  proxy.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    const host = url.replace(/:443$/, '')
    asked.push(host)
    const port = host === hosts.apiServer.host ? hosts.apiServer.port : awsPort
    if (port === awsPort && !host.endsWith(`.${AWS}`)) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.write(head)
      client.pipe(onward).pipe(client)
    })
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  return {
    url: await listenOnLoopback(proxy),
    hosts: asked,
    caCertificate: certificate?.['ca.crt'] ?? '',
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      for (const server of [proxy, aws]) await closeServer(server)
    },
  }
}
