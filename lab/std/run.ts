import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf, stderrOf } from './error-facts.ts'

const execFileAsync = promisify(execFile)

/**
 * Runs a host command to its end and returns its standard output, trimmed.
 *
 * @throws Error that names the command and holds what it said, when it exits with another code
 *   than 0 or takes longer than `timeoutMs` (default 20 s).
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await execFileAsync(command, args, {
      timeout: options.timeoutMs ?? 20_000,
      maxBuffer: 16 << 20,
    })
    return stdout.trim()
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${stderrOf(error) || messageOf(error)}`, {
      cause: error,
    })
  }
}
