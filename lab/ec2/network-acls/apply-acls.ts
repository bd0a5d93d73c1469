import type { SubnetAcl } from '../backend.ts'
import type { Ec2Context } from '../context.ts'
import { findAcl, rulesOf } from './network-acl.ts'

/**
 * Makes the network obey the ACLs as they are now, a moment later. The API shows them at once, as
 * EC2 does; packets follow.
 */
export function beginApplyAcls(context: Ec2Context): void {
  const acls = subnetAcls(context)
  const { aclWork } = context
  const before = aclWork.last
  aclWork.last = context.background.run('apply network ACLs', Promise.resolve(), async () => {
    await context.delay('applyAcls')
    await before
    await context.network.setAcls(acls)
    context.log('the network obeys the ACLs')
  })
}

const subnetAcls = (context: Ec2Context): readonly SubnetAcl[] =>
  [...context.aclAssociations.values()].map(({ subnetId, aclId }) => {
    const acl = findAcl(context, aclId)
    return { subnetId, ingress: rulesOf(acl, false), egress: rulesOf(acl, true) }
  })
