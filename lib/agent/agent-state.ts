import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../std/atomic-file.ts'
import { isErrno } from '../std/errno.ts'
import { loadRequest } from './protocol.ts'

const persisted = z.object({
  incarnation: z.int(),
  phase: z.enum(['empty', 'loaded', 'running', 'stopped']),
  /** The wall clock's time at the workload's start. */
  startEpochMs: z.number().optional(),
  loads: z.array(
    loadRequest.extend({
      /** How many operations of the same process had been sent before this was loaded. */
      sentBefore: z.int(),
    }),
  ),
})
export type PersistedState = z.infer<typeof persisted>

/** What outlives the agent's process, in a folder: what it was told, and the schedules. */
export class AgentState {
  readonly #dir: string
  #now: PersistedState

  /** Reads what an earlier process left, and counts this start. */
  static async open(dir: string): Promise<AgentState> {
    await mkdir(dir, { recursive: true })
    const before = await readState(dir)
    const state = new AgentState(dir, before)
    await state.change({ incarnation: before.incarnation + 1 })
    return state
  }

  private constructor(dir: string, now: PersistedState) {
    this.#dir = dir
    this.#now = now
  }

  get now(): PersistedState {
    return this.#now
  }

  /** Durable when it resolves. */
  async change(changes: Partial<PersistedState>): Promise<void> {
    const next = { ...this.#now, ...changes }
    await writeFileAtomic(join(this.#dir, 'state.json'), JSON.stringify(next))
    this.#now = next
  }

  /** Keeps a schedule's text; durable when it resolves. */
  async keepSchedule(digest: string, text: string): Promise<void> {
    await writeFileAtomic(this.#schedulePath(digest), text)
  }

  async readSchedule(digest: string): Promise<string> {
    return readFile(this.#schedulePath(digest), 'utf8')
  }

  #schedulePath(digest: string): string {
    return join(this.#dir, `schedule-${digest}.ndjson`)
  }
}

async function readState(dir: string): Promise<PersistedState> {
  try {
    return persisted.parse(JSON.parse(await readFile(join(dir, 'state.json'), 'utf8')))
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    return { incarnation: 0, phase: 'empty', loads: [] }
  }
}
