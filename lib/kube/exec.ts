import { z } from 'zod'
import { InconclusiveError } from '../model/errors.ts'
import { within } from '../std/poll.ts'
import type { Cluster } from './cluster.ts'
import { openPodStream, type PodSocket } from './pod-stream.ts'

export interface ExecRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly command: readonly string[]
  /** Milliseconds; default: the budget `exec`. */
  readonly timeoutMs?: number
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Channels of the API server's remote command protocol, `v4.channel.k8s.io` and later. */
const STDOUT = 1
const STDERR = 2
const STATUS = 3

/** More than this a command of ours never says; the rest of a runaway's output is dropped. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

const statusSchema = z.object({
  status: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      causes: z
        .array(z.object({ reason: z.string().optional(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
})

/**
 * Runs a command in a container, without a shell, a terminal or input, and waits for its end.
 * client-node's own `exec` is not used: it resolves when the connection is open, and a connection
 * that is lost before the status arrives looks like success.
 *
 * @returns also when the command failed: the exit code says so
 * @throws InconclusiveError when the command could not be started or its end is not known
 * @throws WaitTimeoutError when it doesn't end in time; it may go on running in the pod
 */
export async function execInPod(cluster: Cluster, request: ExecRequest): Promise<ExecResult> {
  const { namespace, pod, container, command, timeoutMs } = request
  const query = new URLSearchParams({ stdout: 'true', stderr: 'true', container })
  for (const word of command) query.append('command', word)
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query.toString()}`
  const said = `"${command.join(' ')}" in pod ${pod}`

  const output: Record<number, Buffer[]> = { [STDOUT]: [], [STDERR]: [] }
  let bytes = 0
  let status: string | undefined
  let socket: PodSocket | undefined
  try {
    await within(
      {
        what: `the end of ${said}`,
        budget: 'exec',
        ...(timeoutMs === undefined ? {} : { budgetMs: timeoutMs }),
      },
      async () => {
        const ended = Promise.withResolvers<void>()
        socket = await openPodStream(cluster, path, (channel, data) => {
          if (channel === STATUS) {
            status = data.toString('utf8')
            ended.resolve()
          } else if (bytes < MAX_OUTPUT_BYTES) {
            bytes += data.length
            output[channel]?.push(data)
          }
        })
        socket.on('close', () => ended.resolve())
        socket.on('error', () => ended.resolve())
        // The status may have come before there was anybody to tell.
        if (socket.readyState > 1) ended.resolve()
        await ended.promise
      },
      () => textOf(output[STDERR]).slice(-300) || 'no output on stderr',
    )
  } finally {
    socket?.terminate()
  }
  if (status === undefined) {
    throw new InconclusiveError(`The connection was lost before the end of ${said} was known.`)
  }
  return {
    stdout: textOf(output[STDOUT]),
    stderr: textOf(output[STDERR]),
    exitCode: exitCodeOf(status, said),
  }
}

/**
 * The exit code in a Status object as the kubelet sends it.
 *
 * @throws InconclusiveError when the status says that the command never ran
 */
export function exitCodeOf(statusText: string, said: string): number {
  let parsed: z.infer<typeof statusSchema>
  try {
    parsed = statusSchema.parse(JSON.parse(statusText))
  } catch (error) {
    throw new InconclusiveError(`The end of ${said} can't be understood: ${statusText}`, {
      cause: error,
    })
  }
  if (parsed.status === 'Success') return 0
  const code = parsed.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (parsed.reason === 'NonZeroExitCode' && code !== undefined) return Number(code)
  throw new InconclusiveError(`${said} could not be run: ${parsed.message ?? statusText}`)
}

function textOf(chunks: readonly Buffer[] | undefined): string {
  return Buffer.concat(chunks ?? []).toString('utf8')
}
