import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ZodError } from 'zod'
import { type Agent, AgentRefusal } from './agent.ts'
import { AGENT_HEADER, loadRequest, startRequest } from './protocol.ts'

/** Answers the protocol's requests; resolves when it listens. Port 0 is any. */
export async function serve(agent: Agent, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void respond(agent, request, response)
  })
  server.listen(port)
  await once(server, 'listening')
  return server
}

/** Never rejects. */
async function respond(
  agent: Agent,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = { [AGENT_HEADER]: '1' }
  try {
    const said = await answer(agent, request)
    response.writeHead(200, headers).end(said)
  } catch (error) {
    const isTheirs = [AgentRefusal, ZodError, RangeError, TypeError].some(
      (known) => error instanceof known,
    )
    response.writeHead(isTheirs ? 409 : 500, headers).end(String(error))
  }
}

async function answer(agent: Agent, request: IncomingMessage): Promise<string> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent')
  switch (`${request.method ?? ''} ${pathname}`) {
    case 'GET /clock':
      return JSON.stringify(agent.clock())
    case 'GET /report':
      return agent.report(Number(searchParams.get('after') ?? 0))
    case 'POST /piece':
      agent.keepPiece(
        searchParams.get('of') ?? '',
        Number(searchParams.get('index')),
        await text(request),
      )
      break
    case 'POST /load':
      await agent.load(loadRequest.parse(JSON.parse(await text(request))))
      break
    case 'POST /start':
      await agent.start(startRequest.parse(JSON.parse(await text(request))).startClockNs)
      break
    case 'POST /stop':
      await agent.stop()
      break
    default:
      throw new AgentRefusal(`There is no ${request.method ?? ''} ${pathname}.`)
  }
  return JSON.stringify(agent.status())
}
