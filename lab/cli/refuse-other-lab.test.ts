import { describe, expect, it } from 'vitest'
import type { LabStatus } from './control.ts'
import { refuseOtherLab, type WantedLab } from './refuse-other-lab.ts'

const LAB: LabStatus = {
  state: 'up',
  zoneCount: 3,
  instanceType: 't3.medium',
  timers: 'short',
  ec2: ['eventual', 'throttled'],
  machines: [],
  groups: [],
  zones: [],
  volumes: [],
}
const ANY: WantedLab = {
  zones: undefined,
  instanceType: undefined,
  timers: undefined,
  ec2: undefined,
  iamPolicy: undefined,
  driver: undefined,
}

function refusal(wanted: Partial<WantedLab>): string {
  try {
    refuseOtherLab('default', { ...ANY, ...wanted }, LAB)
    return 'taken'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('a lab that is up', () => {
  it.each<Partial<WantedLab>>([
    {},
    { zones: 3, instanceType: 't3.medium', timers: 'short', ec2: ['throttled', 'eventual'] },
  ])('is taken by who wants %o', (wanted) => {
    expect(refusal(wanted)).toBe('taken')
  })

  it.each<[Partial<WantedLab>, string]>([
    [{ zones: 2 }, '3 zones'],
    [{ instanceType: 't2.medium' }, 'machines of type t3.medium'],
    [{ timers: 'eks' }, 'the timers short'],
    [{ ec2: ['eventual'] }, 'an EC2 API that is eventual,throttled'],
    [{ iamPolicy: '{}' }, 'another IAM policy, or with none'],
    [{ driver: '/bin/driver' }, 'another EBS driver'],
  ])('is refused by who wants %o', (wanted, what) => {
    expect(refusal(wanted)).toBe(`the lab default is up with ${what}`)
  })
})
