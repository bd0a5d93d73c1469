import { join } from 'node:path'
import { readTimeline } from '../../../report/records.ts'
import { poll, WaitTimeoutError } from '../../../std/poll.ts'
import type { FaultName } from '../../../model/scenario.ts'
import { fileStem, scenarioInfo } from '../../collect.ts'
import { filesBeside } from '../../../model/stage.ts'
import { RUN_FILES } from '../../run.ts'
import { deletionOf } from '../../../kube/changes.ts'
import type { ScenarioControl } from '../../conduct.ts'
import { configMap, demo, demoFileEnds } from './demo.ts'

/** Told by each scenario once its deployment is there, with the number of its process. */
export const STANDS = 'test.stands'

/**
 * A file with one scenario that makes an object of one name, whatever the file, and waits until the
 * scenarios of as many files as may run beside it have done the same: if they don't run at once,
 * none of them ends.
 */
export function holdsItsDeployment(url: string, faults: readonly FaultName[]): void {
  const { file } = scenarioInfo(url, '', { tags: [] })
  demo(url, 'it holds what it deployed', { tags: ['beside'], faults }, async (control) => {
    const { run } = control
    await configMap(control, 'deployed', 'file')
    await podWithVolume(control)
    run.timeline.emit({ kind: STANDS, text: fileStem(file), data: { pid: process.pid } })
    const others = filesBeside(run.stages, file).map((beside) => fileStem(beside.file))
    let missing = others
    try {
      await poll({ what: 'the others', budget: 'stateVisible', intervalMs: 50 }, () => {
        const standing = readTimeline(join(run.dir, RUN_FILES.timeline)).flatMap((event) =>
          event.kind === STANDS ? (event.text ?? '') : [],
        )
        missing = others.filter((other) => !standing.includes(other))
        return missing.length === 0
          ? { done: true, value: true }
          : { done: false, seen: `without ${missing.join(', ')}` }
      })
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
    }
    control.evidence({
      check: 'runs beside',
      verdict: missing.length === 0 ? 'true' : 'false',
      summary: missing.length === 0 ? `all of ${others.join(', ')}` : `not ${missing.join(', ')}`,
    })
  })
  demoFileEnds(url)
}

/** A pod of one name in every namespace, and a volume for a claim there; nobody runs or fills them. */
async function podWithVolume({ run }: ScenarioControl): Promise<void> {
  const { namespace } = run.target
  const { core } = run.cluster
  await run.journal.change(
    { action: 'create pod db-0', undo: deletionOf('Pod', namespace, 'db-0') },
    () =>
      core.createNamespacedPod({
        namespace,
        body: { metadata: { name: 'db-0' }, spec: { containers: [{ name: 'c', image: 'none' }] } },
      }),
  )
  const name = `pv-of-${namespace}`
  await run.journal.change(
    {
      action: `create volume ${name}`,
      undo: {
        kind: 'delete-object',
        apiVersion: 'v1',
        objectKind: 'PersistentVolume',
        name,
        awaitGone: true,
      },
    },
    () =>
      core.createPersistentVolume({
        body: {
          metadata: { name },
          spec: {
            capacity: { storage: '1Gi' },
            accessModes: ['ReadWriteOnce'],
            claimRef: { namespace, name: 'data-db-0' },
            hostPath: { path: '/x' },
          },
        },
      }),
  )
}

/** A file with one scenario that makes the same object and never ends. */
export function hangsWithItsDeployment(url: string): void {
  demo(url, 'it never ends', { tags: ['hangs'] }, async (control) => {
    await configMap(control, 'deployed', 'file')
    const text = fileStem(control.info.file)
    control.run.timeline.emit({ kind: STANDS, text, data: { pid: process.pid } })
    await new Promise(() => {
      // A promise alone would not keep the worker.
      setInterval(() => undefined, 1000)
    })
  })
  demoFileEnds(url)
}
