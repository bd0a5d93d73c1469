import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { EC2Client, EC2ServiceException } from '@aws-sdk/client-ec2'
import { checkJsonAnswer, type JsonAnswer } from '../../eks/testing/check-json-answer.ts'
import { createEc2, type Ec2, type Ec2Options } from '../create-ec2.ts'
import { checkAnswer } from './check-answer.ts'
import { createInMemoryBackend, type InMemoryBackend } from './in-memory-backend.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

export const ZONES = ['a', 'b', 'c'].map((letter, index) => ({
  name: `us-east-1${letter}`,
  id: `use1-az${index + 1}`,
  subnetId: `subnet-0000000000000000${letter}`,
  cidr: `10.0.${index + 1}.0/24`,
}))

export interface Ec2UnderTest extends AsyncDisposable {
  readonly ec2: Ec2
  readonly backend: InMemoryBackend
  readonly clock: ManualClock
  readonly log: readonly string[]
  readonly url: string
  /** The real SDK, over HTTP; it never retries. */
  readonly client: EC2Client
  clientWith(accessKeyId: string, secretAccessKey: string): EC2Client
  /** A request as it is on the wire. */
  post(parameters: Readonly<Record<string, string>>): Promise<{ status: number; body: string }>
}

/**
 * The API on a port of its own, over an in-memory backend, with a clock that stands still. All that
 * it answered is compared with AWS's model at the end, and a difference fails the test.
 */
export async function startEc2(options: Partial<Ec2Options> = {}): Promise<Ec2UnderTest> {
  const backend = createInMemoryBackend()
  const clock = createManualClock()
  const log: string[] = []
  const ec2 = createEc2({
    region: 'us-east-1',
    accountId: '123456789012',
    zones: ZONES,
    machines: backend.machines,
    blocks: backend.blocks,
    network: backend.network,
    seed: 'test',
    clock,
    eventLog: (line) => void log.push(line),
    ...options,
  })
  const answers: JsonAnswer[] = []
  const server = createServer(tellingAnswers(ec2.listener, (answer) => void answers.push(answer)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no port.')
  const url = `http://127.0.0.1:${address.port}`
  const clients: EC2Client[] = []
  const clientWith = (accessKeyId: string, secretAccessKey: string): EC2Client => {
    const credentials = { accessKeyId, secretAccessKey }
    const client = new EC2Client({
      region: 'us-east-1',
      endpoint: url,
      credentials,
      maxAttempts: 1,
    })
    clients.push(client)
    return client
  }
  return {
    ec2,
    backend,
    clock,
    log,
    url,
    clientWith,
    client: clientWith('AKIDTEST', 'secret'),
    async post(parameters) {
      const body = new URLSearchParams({ Version: '2016-11-15', ...parameters })
      const response = await fetch(url, { method: 'POST', body })
      return { status: response.status, body: await response.text() }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      server.closeAllConnections()
      server.close()
      await Promise.all([once(server, 'close'), ec2.close()])
      await refuseFaults(answers)
    },
  }
}

function tellingAnswers(
  listener: RequestListener,
  tell: (answer: JsonAnswer) => void,
): RequestListener {
  return (request, response) => {
    const end = response.end.bind(response)
    response.end = (...args: readonly unknown[]) => {
      const [body] = args
      const { method = '', url = '' } = request
      const errorType = response.getHeader('x-amzn-errortype')?.toString()
      if (typeof body === 'string') tell({ method, url, errorType, body })
      return end(body)
    }
    listener(request, response)
  }
}

async function refuseFaults(answers: readonly JsonAnswer[]): Promise<void> {
  const isXml = ({ body }: JsonAnswer) => body.startsWith('<')
  const documents = new Set(answers.filter((one) => isXml(one)).map(({ body }) => body))
  const faults = await Promise.all([
    ...[...documents].map(checkAnswer),
    ...answers.filter((one) => !isXml(one)).map(checkJsonAnswer),
  ])
  const found = new Set(faults.flat())
  if (found.size === 0) return
  throw new Error(`These answers are not as AWS's model says:\n${[...found].join('\n')}`)
}

/** The error that a call of the SDK fails with: its code, message and HTTP status. */
export async function errorOf(
  call: Promise<unknown>,
): Promise<{ code: string; message: string; status: number | undefined }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof EC2ServiceException)) throw error
    const { name, message, $metadata } = error
    return { code: name, message, status: $metadata.httpStatusCode }
  }
  throw new Error('The call should have failed, and did not.')
}
