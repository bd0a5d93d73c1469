import { LabRefusal } from '../std/lab-error.ts'
import type { LabStatus } from './control.ts'

/** What `lab up` was asked for; what is undefined may be as it is. */
export interface WantedLab {
  readonly zones: number | undefined
  readonly instanceType: string | undefined
  readonly timers: string | undefined
  readonly ec2: readonly string[] | undefined
  readonly iamPolicy: string | undefined
  readonly driver: string | undefined
}

/**
 * A lab that is up is used as it is, or not at all.
 *
 * @throws LabRefusal when it differs from what was asked for
 */
export function refuseOtherLab(name: string, wanted: WantedLab, lab: LabStatus): void {
  const { timers = 'eks', ec2 = [], iamPolicy, upstreamDriver } = lab
  // Not told by a lab that an older version has booted.
  const { zoneCount: zones = wanted.zones, instanceType = wanted.instanceType } = lab
  const refuse = (what: string, otherwise: string): never => {
    throw new LabRefusal(`the lab ${name} is up with ${what}`, {
      hint: `take it down first, or ${otherwise}`,
    })
  }
  const differs = <T>(asked: T | undefined, is: T): boolean => asked !== undefined && asked !== is
  if (differs(wanted.zones, zones)) {
    refuse(`${zones} ${zones === 1 ? 'zone' : 'zones'}`, `say --zones ${zones}`)
  }
  if (differs(wanted.instanceType, instanceType)) {
    refuse(`machines of type ${instanceType}`, `say --instance-type ${instanceType}`)
  }
  if (differs(wanted.timers, timers)) refuse(`the timers ${timers}`, `say --timers ${timers}`)
  if (differs(wanted.ec2?.toSorted().join(), ec2.toSorted().join())) {
    refuse(`an EC2 API that is ${ec2.join(',') || 'kind'}`, 'leave --ec2 out')
  }
  if (differs(wanted.iamPolicy, iamPolicy)) {
    refuse('another IAM policy, or with none', 'leave --iam-policy out')
  }
  if (differs(wanted.driver, upstreamDriver)) {
    refuse('another EBS driver', 'unset ZONEFALL_EBS_DRIVER')
  }
}
