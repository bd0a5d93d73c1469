import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { LAB_COMMAND } from './lab.ts'

/** How to reach the lab if one is up; undefined when none is. Starts nothing. */
export async function findRunningLab(
  name: string = process.env['ZONEFALL_LAB'] ?? 'default',
): Promise<{ readonly kubeconfig: string; readonly context: string } | undefined> {
  const [program, ...prefix] = LAB_COMMAND
  const asked = promisify(execFile)(program, [...prefix, '--name', name, 'kubeconfig'])
  // Without a lab it exits with an error, which is the answer.
  const kubeconfig = await asked.then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  if (kubeconfig === undefined) return undefined
  const file = new KubeConfig()
  file.loadFromFile(kubeconfig)
  return { kubeconfig, context: file.getCurrentContext() }
}
