import { defineAction } from '../action.ts'
import { ApiError, missingParameter, unsupported } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { flag, list, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { checkCapacity } from './capacity.ts'
import { findInstances, type Instance, type PowerDown } from './instance.ts'
import {
  beginReboot,
  beginStart,
  beginStop,
  beginTerminate,
  hurryStop,
} from './instance-lifecycle.ts'
import { stateView } from './instance-view.ts'

const ids = list(text)
const force = { Force: flag.optional(), SkipOsShutdown: flag.optional() }

interface Wishes {
  readonly Force?: boolean | undefined
  readonly SkipOsShutdown?: boolean | undefined
}

/**
 * SkipOsShutdown alone is a power cut. Force lets the OS try first, within the limit that an orderly
 * stop has here too (API reference, StopInstances and TerminateInstances).
 */
const howOf = ({ SkipOsShutdown }: Wishes): PowerDown =>
  SkipOsShutdown === true ? 'power-off' : 'orderly'

/** Asked again with one of these, an OS that is still trying is given no more time. */
const hurries = (wishes: Wishes): boolean => wishes.Force === true || wishes.SkipOsShutdown === true

function named(context: Ec2Context, ids: readonly string[]): readonly Instance[] {
  if (ids.length === 0) throw missingParameter('InstanceId')
  return findInstances(context, ids)
}

function refuse(instance: Instance, words: string): never {
  throw new ApiError('IncorrectInstanceState', `The instance '${instance.id}' ${words}`)
}

/** Does `change` to each and answers with the states before and after. */
function changing(
  instances: readonly Instance[],
  change: (instance: Instance) => void,
): () => XmlObject {
  return () => ({
    instancesSet: instances.map((instance) => {
      const previousState = stateView(instance.state.name)
      change(instance)
      const currentState = stateView(instance.state.name)
      return { instanceId: instance.id, currentState, previousState }
    }),
  })
}

/** An instance that is `running` or on its way there stays as it is. */
export const startInstances = defineAction({
  name: 'StartInstances',
  parameters: { InstanceId: ids },
  prepare({ InstanceId }, context) {
    const instances = named(context, InstanceId)
    for (const instance of instances) {
      const { name } = instance.state
      if (name === 'stopping' || name === 'shutting-down' || name === 'terminated') {
        refuse(instance, 'is not in a state from which it can be started.')
      }
      if (name === 'stopped') checkCapacity(context, instance.type, instance.subnet.zone.name)
    }
    return changing(instances, (instance) => {
      if (instance.state.name === 'stopped') beginStart(context, instance)
    })
  },
})

/** An instance that is `stopped` stays so; one that is `stopping` can be hurried. */
export const stopInstances = defineAction({
  name: 'StopInstances',
  parameters: { InstanceId: ids, ...force, Hibernate: flag.optional() },
  prepare({ InstanceId, Hibernate: hibernate, ...wishes }, context) {
    const instances = named(context, InstanceId)
    if (hibernate === true) throw unsupported("The lab's instances can't hibernate.")
    for (const instance of instances) {
      const { state } = instance
      if (state.name === 'pending' && state.launch) {
        throw new ApiError(
          'IncorrectInstanceState',
          `Instance '${instance.id}' cannot be stopped as it has never reached the 'running' state.`,
        )
      }
      if (!['running', 'stopping', 'stopped'].includes(state.name)) {
        refuse(instance, 'is not in a state from which it can be stopped.')
      }
    }
    const how = howOf(wishes)
    return changing(instances, (instance) => {
      if (instance.state.name === 'running') beginStop(context, instance, how)
      else if (instance.state.name === 'stopping' && hurries(wishes)) hurryStop(context, instance)
    })
  },
})

export const rebootInstances = defineAction({
  name: 'RebootInstances',
  parameters: { InstanceId: ids },
  prepare({ InstanceId }, context) {
    const instances = named(context, InstanceId)
    for (const instance of instances) {
      if (instance.state.name !== 'running') {
        refuse(instance, 'is not in a state from which it can be rebooted.')
      }
    }
    return () => {
      for (const instance of instances) beginReboot(context, instance)
      return { return: true }
    }
  },
})

/** Always possible; an instance that is gone stays so, one that is going can be hurried. */
export const terminateInstances = defineAction({
  name: 'TerminateInstances',
  parameters: { InstanceId: ids, ...force },
  prepare({ InstanceId, ...wishes }, context) {
    const instances = named(context, InstanceId)
    const how = howOf(wishes)
    return changing(instances, (instance) => {
      const { name } = instance.state
      if (name === 'terminated') return
      if (name === 'shutting-down') {
        if (hurries(wishes)) instance.hurry?.()
      } else
        beginTerminate(
          context,
          instance,
          hurries(wishes) && name === 'stopping' ? 'power-off' : how,
        )
    })
  },
})
