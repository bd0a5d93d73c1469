import { Command } from 'commander'
import { PreflightError } from '../model/errors.ts'
import { defaultKubeconfig } from '../targets/kubeconfig.ts'
import { checkTarget, type TargetOptions } from './choose-target.ts'
import { checkCluster } from './doctor-cluster.ts'
import { checkMachine } from './doctor-machine.ts'
import { checkSafety } from './doctor-safety.ts'
import { checkSecrets } from './doctor-secrets.ts'
import { namespaceName } from './options.ts'
import { targetOptions } from './run.ts'

/** One line of the doctor's. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'problem'
  /** What was found. */
  readonly text: string
  /** What to do about a problem. */
  readonly todo?: string
}

/** `zonefall doctor`. */
export function doctorCommand(): Command {
  return targetOptions(new Command('doctor'))
    .description('check this machine, or a cluster, and say what to do about each problem')
    .option('--namespace <name>', 'an existing one, if a run is to use it', namespaceName)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  npx zonefall doctor                                        this machine, for the lab
  npx zonefall doctor --target eks --context staging         that cluster, and AWS behind it
  npx zonefall doctor --target kubeconfig --context staging  that cluster, without EC2`,
    )
    .action(async (flags: TargetOptions & { readonly json?: boolean }) => {
      const findings = await examine(flags)
      if (flags.json) {
        console.log(JSON.stringify(findings, null, 2))
      } else {
        for (const { check, state, text, todo } of findings) {
          console.log(`${state.padEnd(8)} ${check}: ${text}`)
          if (todo !== undefined) console.log(`${' '.repeat(9)}→ ${todo}`)
        }
      }
      const problems = findings.filter(({ state }) => state === 'problem')
      if (problems.length > 0) {
        const about = [...new Set(problems.map(({ check }) => check))].join(', ')
        throw new PreflightError(
          `${problems.length} of ${findings.length} checks found a problem: ${about}.`,
        )
      }
    })
}

async function examine(flags: TargetOptions): Promise<Finding[]> {
  checkTarget(flags)
  if (flags.target === 'lab') return checkMachine()
  const { context, kubeconfig = defaultKubeconfig(), namespace } = flags
  const findings = await checkCluster(kubeconfig, context, namespace)
  const isReached = findings.some(({ check, state }) => check === 'API server' && state === 'ok')
  if (!isReached || context === undefined) return findings
  return [
    ...findings,
    ...(await checkSecrets({ kubeconfig, context }, namespace, flags.settings ?? {})),
    ...(await checkSafety(flags, findings)),
  ]
}
