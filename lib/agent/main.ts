import { Agent } from './agent.ts'
import { ctl } from './ctl.ts'
import { AGENT_PORT } from './protocol.ts'
import { serve } from './serve.ts'

/** What is under way when the agent is told to end gets no more time: its records are `info`. */
const LAST_MS = 1000

/** The agent's program: `serve DIR [PORT]` runs it, `ctl` passes requests on to the one in the same pod. */
async function main([command, dir = '/agent/state', port]: readonly string[]): Promise<void> {
  if (command === 'ctl') return ctl(process.stdin)
  if (command !== 'serve') throw new Error('Usage: agent.mjs serve DIR [PORT] | ctl')
  const agent = await Agent.open(dir)
  await serve(agent, port === undefined ? AGENT_PORT : Number(port))
  // As the first process of its container it gets no default for signals.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(0), LAST_MS).unref()
      void agent.close().then(() => process.exit(0))
    })
  }
}

await main(process.argv.slice(2))
