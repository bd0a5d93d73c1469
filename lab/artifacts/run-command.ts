import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'

import { ArtifactError } from './artifact-error.ts'
import type { RunOptions } from './recipe.ts'

const DEFAULT_TIMEOUT_MS = 30 * 60_000

/**
 * A prefix that ties a command and everything it starts to this process: in a PID namespace of
 * its own that dies with its parent, and in a mount namespace, so that a build which is killed
 * leaves neither processes nor mounts. Namespaces need root; without it only the parent's death
 * is passed on.
 */
function leash(): string[] {
  const dieWithParent = ['setpriv', '--pdeathsig', 'KILL', '--']
  return process.getuid?.() === 0
    ? [...dieWithParent, 'unshare', '-m', '-p', '-f', '--mount-proc', '--kill-child=KILL', '--']
    : dieWithParent
}

/**
 * Runs a build command to its end, its output appended to `logPath`.
 * @throws ArtifactError when it can't start, fails, or takes longer than `timeoutMs`; the message
 * holds the last line of output and the log's path.
 */
export async function runCommand(
  command: readonly string[],
  logPath: string,
  options: RunOptions = {},
): Promise<void> {
  const log = await open(logPath, 'a')
  try {
    await log.write(`$ ${command.join(' ')}\n`)
    const [program, ...args] = [...leash(), ...command]
    const child = spawn(program!, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', log.fd, log.fd],
      timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const ended = await new Promise<string | undefined>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        resolve(code === 0 ? undefined : signal === null ? `exit code ${code}` : signal)
      })
    })
    if (ended === undefined) return
    throw new ArtifactError(
      `${command[0]} ended with ${ended} (${await lastLine(logPath)}); read ${logPath}.`,
      { log: logPath },
    )
  } catch (error) {
    if (error instanceof ArtifactError) throw error
    throw new ArtifactError(`${command[0]} could not be started; read ${logPath}.`, {
      cause: error,
      log: logPath,
    })
  } finally {
    await log.close()
  }
}

async function lastLine(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  const told = lines.findLast((line) => /^(E:|error|\S+\.go:\d|\[ERROR\])/i.test(line))
  return (told ?? lines.at(-1) ?? '').slice(0, 300)
}
