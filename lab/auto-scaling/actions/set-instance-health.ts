import { z } from 'zod'
import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, text } from '../../ec2/wire/parameters.ts'
import type { ScalingContext } from '../context.ts'
import { refused } from '../errors.ts'
import { HEALTH_CHECK_GRACE_MS } from '../group.ts'
import { findMember } from './find-group.ts'

export const healthActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'SetInstanceHealth',
    parameters: {
      InstanceId: text,
      HealthStatus: z.enum(['Healthy', 'Unhealthy']),
      ShouldRespectGracePeriod: flag.default(true),
    },
    perform({ InstanceId, HealthStatus, ShouldRespectGracePeriod: respect }) {
      const { group, member } = findMember(context, InstanceId)
      if (member.lifecycle !== 'InService') {
        throw refused(`Instance ${InstanceId} is ${member.lifecycle} and not InService`)
      }
      const ageMs = context.clock.now() - (member.inServiceSinceMs ?? 0)
      // A new instance is not yet judged.
      if (HealthStatus === 'Unhealthy' && respect && ageMs < HEALTH_CHECK_GRACE_MS) return undefined
      member.health = HealthStatus
      member.unhealthyBy = HealthStatus === 'Unhealthy' ? 'user' : undefined
      context.wake(group)
      return undefined
    },
  }),
]
