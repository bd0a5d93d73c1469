import { Agent } from './agent.ts'
import { AGENT_HEADER, AGENT_PORT } from './protocol.ts'
import { serve } from './serve.ts'

/**
 * The agent's program: `serve DIR` runs it, `ctl METHOD PATH [BODY]` asks the one that runs in the
 * same pod and prints status and answer.
 */
async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === 'serve') {
    const agent = await Agent.open(args[0] ?? '/agent/state')
    const server = await serve(agent, AGENT_PORT)
    // As the first process of its container it gets no default for signals.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        server.close()
        server.closeAllConnections()
        // What is under way gets no more time than this: its records would be `info` anyway.
        setTimeout(() => process.exit(0), 1000).unref()
        void agent.close().then(() => process.exit(0))
      })
    }
  } else if (command === 'ctl') {
    const [method = 'GET', path = '/clock', body] = args
    const response = await fetch(`http://127.0.0.1:${AGENT_PORT}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    })
    const mark = response.headers.get(AGENT_HEADER) ?? '0'
    process.stdout.write(`${response.status} ${mark}\n${await response.text()}`)
  } else {
    throw new Error('Usage: agent.mjs serve DIR | ctl METHOD PATH [BODY]')
  }
}

await main(process.argv.slice(2))
