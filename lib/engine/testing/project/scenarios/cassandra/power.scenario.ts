import { Aws } from '../../../../../aws/aws.ts'
import { cause } from '../../../../../faults/active-fault.ts'
import { powerCut } from '../../../../../faults/power-cut.ts'
import { faultContextOf } from '../../../../fault-context.ts'
import { nodesOf } from '../../../probe-zones.ts'
import { deployCalls } from '../../deploy-calls.ts'
import { demo } from '../../demo.ts'

/** A fault of EC2 under pods that start at once: what a first run on somebody's cluster is like. */
demo(
  import.meta.url,
  'a zone without power comes back with its pods',
  {
    tags: ['power'],
    needs: { zones: 3, capabilities: ['ec2'] },
    faults: ['power-cut'],
    typicalSeconds: 60,
  },
  async (control) => {
    const { run } = control
    const [zone] = run.target.zones
    if (!zone || !run.target.aws) throw new Error('needs a zone of EC2')
    const aws = new Aws(run.target.aws)
    try {
      await deployCalls(control)
      const cut = await cause(
        powerCut,
        faultContextOf(run, run.target.namespace, aws),
        nodesOf(zone),
      )
      await cut.heal()
    } finally {
      await aws.close()
    }
    control.evidence({ check: 'power', verdict: 'true', summary: `${zone.name} went and came` })
  },
)
