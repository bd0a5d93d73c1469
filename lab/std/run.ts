import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf, stderrOf } from './error-facts.ts'

const execFileAsync = promisify(execFile)

/**
 * Runs a host command to its end and returns its standard output, trimmed. `input` is what it reads
 * on its standard input.
 *
 * @throws Error that names the command and holds what it said, when it exits with another code
 *   than 0 or takes longer than `timeoutMs` (default 20 s).
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs?: number; input?: string } = {},
): Promise<string> {
  try {
    const running = execFileAsync(command, args, {
      timeout: options.timeoutMs ?? 20_000,
      maxBuffer: 16 << 20,
    })
    if (options.input !== undefined) {
      // One that ends without having read it says why by its exit code.
      running.child.stdin?.on('error', () => undefined)
      running.child.stdin?.end(options.input)
    }
    const { stdout } = await running
    return stdout.trim()
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${stderrOf(error) || messageOf(error)}`, {
      cause: error,
    })
  }
}
