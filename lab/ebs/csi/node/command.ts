import { execFile } from 'node:child_process'

/** A program that exited with another code than 0, was killed, or couldn't be started. */
export class CommandError extends Error {
  /** Undefined when it was killed or never ran. */
  readonly exitCode: number | undefined

  constructor(message: string, exitCode: number | undefined, cause: unknown) {
    super(message, { cause })
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/**
 * Runs a program of the machine to its end and returns its standard output.
 *
 * @throws CommandError that holds the command and what it said, also after `timeoutMs` (default
 *   60 s, below the kubelet's two minutes for a CSI call).
 */
export async function command(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 60_000
  return await new Promise<string>((resolve, reject) => {
    execFile(
      file,
      args,
      { timeout: timeoutMs, killSignal: 'SIGKILL', env: { ...process.env, LC_ALL: 'C' } },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout)
          return
        }
        const exitCode = typeof error.code === 'number' ? error.code : undefined
        const how =
          error.killed === true
            ? `took more than ${timeoutMs / 1000} s`
            : stderr.trim() || stdout.trim() || error.message
        reject(new CommandError(`${file} ${args.join(' ')}: ${how}`, exitCode, error))
      },
    )
  })
}
