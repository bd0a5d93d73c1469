import { dieWithSupervisor } from './die-with-supervisor.ts'

/** Runs in vitest's main process, whose workers have a setup file of their own. */
export async function setup(): Promise<void> {
  await dieWithSupervisor()
}
