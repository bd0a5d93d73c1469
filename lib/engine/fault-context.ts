import type { Aws } from '../aws/aws.ts'
import type { FaultContext } from '../faults/fault.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import { capacityControl } from '../targets/lab-capacity.ts'
import { takeBack, type UndoContext } from './undo.ts'

/**
 * What a run gives its faults to work with.
 *
 * @param aws the run's account, whose connections the caller closes; undefined where there is none
 */
export function faultContextOf(
  run: UndoContext,
  namespace: string,
  aws: Aws | undefined,
): FaultContext {
  return {
    cluster: run.cluster,
    log: run.journal,
    events: run.timeline,
    namespace,
    labels: { [RUN_LABEL]: run.id },
    ...(run.target.pulls === undefined ? {} : { pulls: run.target.pulls }),
    aws,
    capacity: capacityControl(run.target),
    takeBack: (changes) => takeBack(run, changes),
  }
}
