import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { TestApiServer } from '../../kube/testing/api-server.ts'
import { poll } from '../../std/poll.ts'
import type { RunOptions } from '../records.ts'

/** A supervisor that runs in a process of its own. */
export interface Supervised {
  readonly child: ChildProcess
  readonly output: () => string
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

/** A folder for runs, and supervisors that run the scenarios of `project/` on a cluster. */
export class Supervision implements AsyncDisposable {
  readonly out: string
  readonly #api: TestApiServer
  readonly #namespace: string
  readonly #children: ChildProcess[] = []

  static async open(api: TestApiServer, namespace: string): Promise<Supervision> {
    return new Supervision(api, namespace, await mkdtemp(join(tmpdir(), 'zonefall-out-')))
  }

  constructor(api: TestApiServer, namespace: string, out: string) {
    this.#api = api
    this.#namespace = namespace
    this.out = out
  }

  /** Starts a run of the scenarios that the filters name; by default in the namespace of them all. */
  start(
    filters: readonly string[],
    options: Partial<RunOptions> = {},
    namespace = this.#namespace,
  ): Supervised {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'supervise.ts'),
        this.#api.kubeconfig,
        this.#api.context,
        namespace,
        this.out,
        JSON.stringify(options),
        ...filters,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#children.push(child)
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const ended = once(child, 'close').then(() => child.exitCode)
    return { child, output: () => text, ended }
  }

  /** Names of the runs' folders, the oldest first. */
  async runs(): Promise<string[]> {
    return (await readdir(this.out)).filter((entry) => /^\d/.test(entry)).toSorted()
  }

  /** The folder of a run, as soon as a file in it holds a text. */
  runDirWith(file: string, text: string): Promise<string> {
    return poll(
      { what: `${text} in ${file}`, budget: 'stateVisible', intervalMs: 50 },
      async () => {
        const names = await this.runs()
        for (const name of names) {
          const path = join(this.out, name, file)
          const content = existsSync(path) ? readFileSync(path, 'utf8') : ''
          if (content.includes(text)) return { done: true, value: join(this.out, name) }
        }
        return { done: false, seen: names }
      },
    )
  }

  /** Has a ConfigMap of the namespace stay when it is deleted, or lets it go. */
  async hold(name: string, isHeld: boolean): Promise<void> {
    await this.#api.cluster.core.patchNamespacedConfigMap(
      {
        name,
        namespace: this.#namespace,
        body: { metadata: { finalizers: isHeld ? ['zonefall.io/stays'] : null } },
      },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    )
  }

  /** Names of the nodes that are cordoned. */
  async cordoned(): Promise<string[]> {
    const { items } = await this.#api.cluster.core.listNode()
    return items
      .filter(({ spec }) => spec?.unschedulable)
      .map(({ metadata }) => metadata?.name ?? '')
  }

  /** Whether the namespace of the runs is there. */
  async hasNamespace(): Promise<boolean> {
    const { items } = await this.#api.cluster.core.listNamespace()
    return items.some(({ metadata }) => metadata?.name === this.#namespace)
  }

  /** Kills the supervisors that are left. */
  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
    await rm(this.out, { recursive: true, force: true })
  }
}
