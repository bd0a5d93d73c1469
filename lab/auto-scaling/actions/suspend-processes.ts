import { z } from 'zod'
import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { text } from '../../ec2/wire/parameters.ts'
import type { ScalingContext } from '../context.ts'
import { PROCESSES } from '../processes.ts'
import { findGroup, optionalList } from './find-group.ts'

const parameters = {
  AutoScalingGroupName: text,
  // All of them, when none is named.
  ScalingProcesses: optionalList(z.enum(PROCESSES)).transform((some) =>
    some.length === 0 ? PROCESSES : some,
  ),
}

export const processActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'SuspendProcesses',
    parameters,
    perform({ AutoScalingGroupName, ScalingProcesses }) {
      const { suspended } = findGroup(context, AutoScalingGroupName)
      const time = new Date(context.clock.now()).toISOString().slice(0, 19)
      for (const process of ScalingProcesses) {
        if (!suspended.has(process)) suspended.set(process, `User suspended at ${time}Z`)
      }
      return undefined
    },
  }),
  defineQueryAction({
    name: 'ResumeProcesses',
    parameters,
    perform({ AutoScalingGroupName, ScalingProcesses }) {
      const group = findGroup(context, AutoScalingGroupName)
      for (const process of ScalingProcesses) group.suspended.delete(process)
      context.wake(group)
      return undefined
    },
  }),
]
