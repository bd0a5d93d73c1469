import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { messageOf } from '../std/error-facts.ts'
import { LabError } from '../std/lab-error.ts'
import type { LabPaths } from '../std/paths.ts'
import {
  type BootEvent,
  bootEvent,
  type DaemonConfig,
  type DaemonRecord,
  DESCRIPTORS,
} from './config.ts'

export const recordPath = (paths: LabPaths) => join(paths.root, 'daemon.json')

/**
 * Starts a lab's daemon in namespaces of its own and returns when it says that the lab is up.
 *
 * The sockets on 127.0.0.1 are opened here, in the host's network namespace, and inherited by the
 * daemon: a socket stays in the namespace it was made in, so the host needs no way into the lab's.
 *
 * @throws LabError when the boot fails; the daemon is gone then.
 */
export async function launchDaemon(options: {
  paths: LabPaths
  config: Omit<DaemonConfig, 'ports'>
  onEvent: (event: BootEvent) => void
}): Promise<DaemonRecord> {
  const { paths, config, onEvent } = options
  await mkdir(paths.logs, { recursive: true })
  const [apiServer, ec2] = await Promise.all([listenOnLoopback(), listenOnLoopback()])
  const ports = { apiServer: portOf(apiServer), ec2: portOf(ec2) }
  const log = openSync(join(paths.logs, 'daemon.log'), 'a')
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--net',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child=SIGKILL',
      '/bin/bash',
      join(import.meta.dirname, 'enter.sh'),
      process.execPath,
      join(import.meta.dirname, 'main.ts'),
    ],
    {
      // A session of its own: Ctrl-C on the terminal is for the command, not for the lab.
      detached: true,
      stdio: [
        config.tied ? 'inherit' : 'ignore',
        log,
        log,
        descriptorOf(apiServer),
        descriptorOf(ec2),
        'pipe',
      ],
      env: { ...process.env, ZONEFALL_LAB_CONFIG: JSON.stringify({ ...config, ports }) },
    },
  )
  closeSync(log)
  apiServer.close()
  ec2.close()
  if (child.pid === undefined) {
    const [cause]: unknown[] = await once(child, 'error')
    throw new LabError(`the lab's daemon could not be started: ${messageOf(cause)}`, { cause })
  }
  const record = { pid: child.pid, startTime: await startTimeOf(child.pid), ports }
  await writeFile(recordPath(paths), JSON.stringify(record))
  const progress: unknown = Array.from<unknown>(child.stdio)[DESCRIPTORS.progress]
  if (!(progress instanceof Readable)) throw new Error('the daemon has no progress stream')
  await booted(progress, paths, onEvent)
  child.unref()
  return record
}

async function booted(
  progress: Readable,
  paths: LabPaths,
  onEvent: (event: BootEvent) => void,
): Promise<void> {
  for await (const line of createInterface({ input: progress })) {
    const event = bootEvent.parse(JSON.parse(line))
    onEvent(event)
    if ('ready' in event) {
      progress.destroy()
      return
    }
    if ('error' in event) {
      throw new LabError(event.error, {
        hint: event.hint,
        log: event.log ?? join(paths.logs, 'daemon.log'),
      })
    }
  }
  throw new LabError("the lab's daemon ended before the lab was up", {
    log: join(paths.logs, 'daemon.log'),
  })
}

/**
 * Start time of a process as the kernel counts it; '' when there is none, or when it is dead and
 * only waits for its parent to take note.
 */
export async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the command in brackets, which may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
}

async function listenOnLoopback(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it has no port')
  return address.port
}

const withHandle = z.object({ _handle: z.object({ fd: z.int() }) })

/** Node has no public way to a listening socket's descriptor. */
const descriptorOf = (server: Server): number => withHandle.parse(server)._handle.fd
