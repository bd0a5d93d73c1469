import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { InconclusiveError } from '../model/errors.ts'
import { budgetMs } from '../std/budgets.ts'

/** A way to run commands on machines that no Kubernetes knows: ssh, or the lab's own. */
export interface InstanceShell {
  /** The command and its first arguments; `{id}` and `{address}` stand for the machine's. */
  readonly command: readonly string[]
}

/** A machine that a shell can reach. */
export interface ShellHost {
  readonly instanceId: string
  readonly address: string
}

/** Parses what a person wrote: `ssh ec2-user@{address}`. */
export const shellOf = (text: string): InstanceShell => ({
  command: text.split(/\s+/).filter((word) => word !== ''),
})

/** The words that start a command on a machine. */
export function shellWords(
  { command }: InstanceShell,
  { instanceId, address }: ShellHost,
): [string, ...string[]] {
  const [program = '', ...rest] = command.map((word) =>
    word.replaceAll('{id}', instanceId).replaceAll('{address}', address),
  )
  return [program, ...rest]
}

/**
 * Runs a script on a machine and returns what it prints. The script goes in by standard input, so
 * that no shell on the way reads its quotes.
 *
 * @throws InconclusiveError with its last words when it fails or takes longer than `timeoutMs`
 */
export async function runOn(
  shell: InstanceShell,
  host: ShellHost,
  script: string,
  timeoutMs = budgetMs('exec'),
): Promise<string> {
  const [program, ...args] = shellWords(shell, host)
  const child = spawn(program, [...args, 'bash', '-s'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  // One that ends without having read it says why by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(script)
  await once(child, 'close')
  if (child.exitCode === 0) return stdout
  const words = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' ')
  const how = child.exitCode === null ? String(child.signalCode) : `exit code ${child.exitCode}`
  throw new InconclusiveError(`A command on ${host.instanceId} ended with ${how}: ${words}`, {
    hint: `It was started by: ${[program, ...args].join(' ')}`,
  })
}
