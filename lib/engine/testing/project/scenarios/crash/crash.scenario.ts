import { Aws } from '../../../../../aws/aws.ts'
import type { Zone } from '../../../../../model/target.ts'
import { faultContextOf } from '../../../../fault-context.ts'
import { readRunFile } from '../../../../run.ts'
import { CRASH_FAULTS } from '../../../crash-faults.ts'
import { CrashHook, OBSERVED } from '../../../crash-hook.ts'
import { demo } from '../../demo.ts'

const file = import.meta.url

for (const [name, goThrough] of Object.entries(CRASH_FAULTS)) {
  demo(file, `${name} is taken back`, { tags: ['crash'] }, async (control) => {
    const { run } = control
    const { supervisor } = await readRunFile(run.dir)
    const hook = new CrashHook(supervisor.pid).install()
    const [one, two, three] = run.target.zones
    if (!one || !two || !three || !run.target.aws) throw new Error('needs a lab of three zones')
    const zones: readonly [Zone, Zone, Zone] = [one, two, three]
    const aws = new Aws(run.target.aws)
    try {
      await goThrough({
        context: faultContextOf(run, run.target.namespace, aws),
        zones,
        observed: () => hook.step(run.dir, OBSERVED, 'stand still'),
      })
    } finally {
      await aws.close()
    }
    control.evidence({ check: 'recovered', verdict: 'true', summary: `${name} came and went` })
  })
}

demo(file, 'nothing happens', { tags: ['crash'] }, (control) => {
  control.evidence({
    check: 'begun',
    verdict: 'true',
    summary: `run ${control.run.id} came to its scenarios`,
  })
  return Promise.resolve()
})
