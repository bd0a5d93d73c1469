import { inspectTarget } from '../engine/preflight/preflight.ts'
import { explainApiError } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { checkAccess } from './doctor-access.ts'
import type { Finding } from './doctor.ts'

/** A run of the nightly tier, about: the doctor knows of no other. */
const A_RUN_MS = 2 * 60 * 60_000

/**
 * Whether a run would be let at a cluster, and what would spoil it: all that the interlock and
 * preflight refuse, with what mends it.
 *
 * @param found what is known to be wrong already, which is not told twice
 */
export async function checkSafety(
  options: TargetOptions,
  found: readonly Finding[],
): Promise<Finding[]> {
  const told = new Set(
    found.filter(({ state }) => state === 'problem').map(({ check }) => check.replace(/s$/, '')),
  )
  try {
    const target = await chooseTarget(options)
    const { signal } = new AbortController()
    const started = await target.start({ onStep: () => undefined, signal })
    const { refusals, notes } = await inspectTarget(started, {
      ...(target.rules === undefined ? {} : { rules: target.rules }),
      faults: 'consented',
      plannedMs: A_RUN_MS,
      triesCalls: false,
      manifests: () => Promise.resolve([]),
    })
    const problems = refusals
      .filter(({ check }) => !told.has(check.replace(/s$/, '')))
      .map(({ check, text, todo }): Finding => ({ check, state: 'problem', text, todo }))
    const { aws, zones } = started.description
    const nodes = zones.flatMap((zone) => zone.nodes.flatMap(({ instanceId }) => instanceId ?? []))
    const facts = [
      ...notes.map((text): Finding => ({ check: 'safety', state: 'ok', text })),
      ...(aws === undefined ? [] : await checkAccess(aws, nodes)),
    ]
    return refusals.length > 0
      ? [...facts, ...problems]
      : [
          ...facts,
          {
            check: 'safety',
            state: 'ok',
            text: 'the cluster consents, and nothing of it is production',
          },
        ]
  } catch (error) {
    const { message, hint } =
      error instanceof PreflightError
        ? error
        : { message: explainApiError(error), hint: 'npx zonefall doctor asks again.' }
    return [
      {
        check: 'safety',
        state: 'problem',
        text: message,
        ...(hint === undefined ? {} : { todo: hint }),
      },
    ]
  }
}
