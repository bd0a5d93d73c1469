import type { TargetDescription } from '../model/target.ts'
import { labOf } from './lab-capacity.ts'

/**
 * The command by which commands are run on the lab's machines; `{id}` stands for the instance's.
 * Undefined of anything but the lab: elsewhere a person has to say how.
 */
export function labShell(
  target: Pick<TargetDescription, 'kind' | 'context'>,
): { readonly command: readonly string[] } | undefined {
  const lab = labOf(target)
  return lab === undefined ? undefined : { command: [...lab, 'ssh', '{id}', '--'] }
}
