import { Aws } from '../../../../../aws/aws.ts'
import { cause } from '../../../../../faults/active-fault.ts'
import { powerCut } from '../../../../../faults/power-cut.ts'
import { terminateInstance } from '../../../../../faults/terminate-instance.ts'
import type { Zone } from '../../../../../model/target.ts'
import { faultContextOf } from '../../../../fault-context.ts'
import { liveZones } from '../../../../preflight/live-zones.ts'
import { nodesOf } from '../../../probe-zones.ts'
import { demo } from '../../demo.ts'

/** What replaces a terminated node is a node of its group, and so in scope: it is broken next. */
demo(
  import.meta.url,
  'the node that replaces a terminated one loses its power',
  {
    tags: ['replacement'],
    needs: { zones: 3, capabilities: ['ec2'] },
    faults: ['terminate-instance', 'power-cut'],
    typicalSeconds: 120,
  },
  async (control) => {
    const { run } = control
    const [zone] = run.target.zones
    if (!zone || !run.target.aws) throw new Error('needs a zone of EC2')
    const aws = new Aws(run.target.aws)
    const context = faultContextOf(run, run.target.namespace, aws)
    const zoneNow = async (): Promise<Zone> => {
      const zones = await liveZones(run.cluster, run.target, aws)
      return zones.find(({ name }) => name === zone.name) ?? { name: zone.name, nodes: [] }
    }
    try {
      const terminated = await cause(terminateInstance, context, nodesOf(zone))
      await terminated.heal()
      const cut = await cause(powerCut, context, nodesOf(await zoneNow()))
      await cut.heal()
      const names = (await zoneNow()).nodes.map(({ name }) => name)
      control.evidence({
        check: 'replacement',
        verdict: names.length === 1 && names[0] !== zone.nodes[0]?.name ? 'true' : 'false',
        summary: `${names.join(', ')} in place of ${zone.nodes[0]?.name}`,
      })
    } finally {
      await aws.close()
    }
  },
)
