import { createInterface } from 'node:readline'
import { AGENT_PORT, type CtlAnswer, ctlRequest } from './protocol.ts'

/** With nobody asking for so long the one who started it is gone. */
const IDLE_MS = 60_000

/**
 * Passes requests on to the agent in the same pod: one from each line of the input, answered by a
 * line each, in their order. Ends with its input, or when nobody asks any more.
 */
export async function ctl(input: NodeJS.ReadableStream): Promise<void> {
  const idle = setTimeout(() => process.exit(0), IDLE_MS)
  for await (const line of createInterface({ input })) {
    idle.refresh()
    process.stdout.write(`${JSON.stringify(await pass(line))}\n`)
  }
  process.exit(0)
}

async function pass(line: string): Promise<CtlAnswer> {
  try {
    const { method, path, body } = ctlRequest.parse(JSON.parse(line))
    const response = await fetch(`http://127.0.0.1:${AGENT_PORT}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return { status: 0, text: String(cause) }
  }
}
