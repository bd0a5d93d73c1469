import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { LabError } from './lab-error.ts'

/** A long-running process of the lab; its output goes to a file, never to a pipe that could fill. */
export class Service {
  readonly name: string
  readonly log: string
  readonly #child: ChildProcess
  #expectedToEnd = false

  private constructor(name: string, log: string, child: ChildProcess) {
    this.name = name
    this.log = log
    this.#child = child
  }

  /**
   * Starts `command`. When it ends without having been stopped, `onDeath` is told once, with a
   * sentence that names the log.
   */
  static start(options: {
    name: string
    log: string
    command: string
    args: readonly string[]
    env?: NodeJS.ProcessEnv
    onDeath: (error: LabError) => void
  }): Service {
    const output = openSync(options.log, 'a')
    const child = spawn(options.command, options.args, {
      stdio: ['ignore', output, output],
      env: options.env ?? process.env,
    })
    closeSync(output)
    const service = new Service(options.name, options.log, child)
    const died = (how: string, cause?: unknown) => {
      if (service.#expectedToEnd) return
      service.#expectedToEnd = true
      options.onDeath(
        new LabError(`${options.name} of the lab ended by itself (${how})`, {
          hint: 'Read the log, then `zonefall lab down` and start again.',
          log: options.log,
          cause,
        }),
      )
    }
    child.once('error', (error) => died(error.message, error))
    child.once('exit', (code, signal) => died(signal ?? `exit code ${code}`))
    return service
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Kills it at once and waits until it is gone. */
  async kill(): Promise<void> {
    this.#expectedToEnd = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}
