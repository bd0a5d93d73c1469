import { afterAll, test } from 'vitest'
import { COLLECT, scenarioInfo } from '../../collect.ts'
import { conductScenario, type ScenarioControl, tearDownFile } from '../../conduct.ts'
import { openRun, runOfFile } from '../../run.ts'
import type { ScenarioOptions } from '../../../model/scenario.ts'

/** A scenario of the supervisor's own tests: what fixtures do, without their fixtures. */
export function demo(
  file: string,
  claim: string,
  options: ScenarioOptions,
  body: (control: ScenarioControl) => Promise<void>,
): void {
  const info = scenarioInfo(file, claim, options)
  const collected: unknown = Reflect.get(globalThis, COLLECT)
  if (Array.isArray(collected)) {
    collected.push(info)
    return
  }
  // conductScenario asserts by throwing, and the claim is a text.
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title
  test(claim, async ({ skip }) => {
    const run = runOfFile(await openRun(), info.file)
    await conductScenario(run, info, body, { skip: (reason) => skip(reason) })
  })
}

/** Takes a file's deployment down after its last scenario. */
export function demoFileEnds(file: string): void {
  if (Array.isArray(Reflect.get(globalThis, COLLECT))) return
  afterAll(async () => {
    const info = scenarioInfo(file, '', { tags: [] })
    await tearDownFile(runOfFile(await openRun(), info.file), info.file)
  })
}

/** Cordons a node, with its undo in the journal. */
export async function cordon({ run }: ScenarioControl, node: string): Promise<void> {
  await run.journal.change(
    { action: `cordon node ${node}`, undo: { kind: 'set-unschedulable', node, value: false } },
    async () => {
      const body = await run.cluster.core.readNode({ name: node })
      if (body.spec) body.spec.unschedulable = true
      await run.cluster.core.replaceNode({ name: node, body })
    },
  )
}

/** Makes a ConfigMap, with its undo in the journal. */
export async function configMap(
  { run }: ScenarioControl,
  name: string,
  scope: 'scenario' | 'file' = 'scenario',
): Promise<void> {
  const { namespace } = run.target
  await run.journal.change(
    {
      scope,
      action: `create ConfigMap ${name}`,
      undo: {
        kind: 'delete-object',
        apiVersion: 'v1',
        objectKind: 'ConfigMap',
        namespace,
        name,
        awaitGone: true,
      },
    },
    () => run.cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } }),
  )
}
