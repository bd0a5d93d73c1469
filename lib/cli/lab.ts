import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { Command } from 'commander'
import { LAB_COMMAND } from '../targets/lab.ts'

/** `zonefall lab`: passes everything on to the lab's own command line. */
export function labCommand(): Command {
  return new Command('lab')
    .description('the lab on its own: up, down, status, ssh NODE, capacity ZONE on|off, kubeconfig')
    .argument('[args...]', "the lab's command and options; `lab --help` lists them")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      const [program, ...prefix] = LAB_COMMAND
      // The terminal sends its signals to the lab's command line as well: it decides.
      const keep = (): void => undefined
      process.on('SIGINT', keep)
      const child = spawn(program, [...prefix, ...args], { stdio: 'inherit' })
      const terminate = (): boolean => child.kill('SIGTERM')
      process.on('SIGTERM', terminate)
      const [code, signal]: [number | null, NodeJS.Signals | null] = await awaitExit(child)
      process.off('SIGINT', keep)
      process.off('SIGTERM', terminate)
      process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
    })
}

async function awaitExit(
  child: ReturnType<typeof spawn>,
): Promise<[number | null, NodeJS.Signals | null]> {
  await once(child, 'exit')
  return [child.exitCode, child.signalCode]
}
