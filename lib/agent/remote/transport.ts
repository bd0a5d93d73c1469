import type { Cluster } from '../../kube/cluster.ts'
import { explainApiError } from '../../kube/cluster.ts'
import { ExecSession } from '../../kube/exec-session.ts'
import { requestPod } from '../../kube/pod-proxy.ts'
import { InconclusiveError } from '../../model/errors.ts'
import { poll, WaitTimeoutError } from '../../std/poll.ts'
import { AGENT_HEADER, AGENT_PORT, ctlAnswer } from '../protocol.ts'
import { AGENT_CONTAINER } from './agent-pod.ts'

/** A way to an agent: each call is made once. */
export interface Transport {
  readonly name: 'proxy' | 'exec'
  /**
   * @throws AgentUnreachable when the agent did not answer: it may have got the request
   * @throws InconclusiveError when it refused
   */
  call(method: 'GET' | 'POST', path: string, body?: string): Promise<string>
  /** Gives connections back. */
  close(): void
}

/** Nobody answered for the agent; it goes on by itself. */
export class AgentUnreachable extends InconclusiveError {}

export interface AgentAddress {
  readonly namespace: string
  readonly pod: string
}

const CALL_MS = 5000

/**
 * Waits until an agent answers, and finds the way to it: the API server's proxy, or where that can't
 * reach pods, commands in the pod.
 *
 * @throws InconclusiveError when it doesn't answer within the budget `podReady`
 */
export async function reachAgent(cluster: Cluster, address: AgentAddress): Promise<Transport> {
  const proxy = proxyTransport(cluster, address)
  const exec = execTransport(cluster, address)
  try {
    return await poll(
      { what: `agent ${address.pod} to answer`, budget: 'podReady', intervalMs: 250 },
      async () => {
        const answers = new Map<Transport, true | string>()
        for (const way of [proxy, exec, proxy]) {
          answers.set(way, await tryOut(way))
          // The agent may have come up after the proxy was tried: it is asked once more.
          if (way === proxy && answers.get(proxy) === true) {
            exec.close()
            return { done: true, value: proxy }
          }
          if (way === exec && answers.get(exec) !== true) break
        }
        if (answers.get(exec) === true) return { done: true, value: exec }
        return { done: false, seen: [...answers].map(([{ name }, said]) => `${name}: ${said}`) }
      },
    )
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new InconclusiveError(`Agent ${address.pod} can't be reached.`, {
      cause: error,
      hint: 'Its events and log are in the run’s logs folder; credentials need pods/proxy or pods/exec.',
    })
  }
}

async function tryOut(way: Transport): Promise<true | string> {
  try {
    await way.call('GET', '/clock')
    return true
  } catch (error) {
    if (error instanceof AgentUnreachable) return explainApiError(error)
    throw error
  }
}

function proxyTransport(cluster: Cluster, { namespace, pod }: AgentAddress): Transport {
  return {
    name: 'proxy',
    async call(method, path, body) {
      let response: Awaited<ReturnType<typeof requestPod>>
      try {
        response = await requestPod(cluster, {
          namespace,
          pod,
          port: AGENT_PORT,
          method,
          path,
          timeoutMs: CALL_MS,
          ...(body === undefined ? {} : { body }),
        })
      } catch (error) {
        throw new AgentUnreachable(`Agent ${pod} did not answer by the API server's proxy.`, {
          cause: error,
        })
      }
      const { status, headers, text } = response
      if (headers[AGENT_HEADER] !== '1') {
        throw new AgentUnreachable(`The API server answered ${status} for agent ${pod}: ${text}`)
      }
      return accepted(pod, `${method} ${path}`, status, text)
    },
    close: () => undefined,
  }
}

/** One process in the pod passes all calls on; a session that breaks is followed by another. */
function execTransport(cluster: Cluster, { namespace, pod }: AgentAddress): Transport {
  let session: Promise<ExecSession> | undefined
  const open = async (): Promise<ExecSession> => {
    const known = await session?.catch(() => undefined)
    if (known && !known.isOver) return known
    session = ExecSession.open(cluster, {
      namespace,
      pod,
      container: AGENT_CONTAINER,
      command: ['node', '/agent/agent.mjs', 'ctl'],
    })
    return session
  }
  return {
    name: 'exec',
    async call(method, path, body) {
      let line: string
      try {
        line = await (await open()).ask(JSON.stringify({ method, path, body }), CALL_MS)
      } catch (error) {
        throw new AgentUnreachable(`Agent ${pod} did not answer by exec.`, { cause: error })
      }
      const { status, text } = ctlAnswer.parse(JSON.parse(line))
      if (status === 0) throw new AgentUnreachable(`In pod ${pod} nobody answers: ${text}`)
      return accepted(pod, `${method} ${path}`, status, text)
    },
    close: () => {
      void session?.then(
        (opened) => opened.close(),
        () => undefined,
      )
    },
  }
}

function accepted(pod: string, what: string, status: number, text: string): string {
  if (status < 400) return text
  throw new InconclusiveError(`Agent ${pod} refused ${what} with ${status}: ${text}`)
}
