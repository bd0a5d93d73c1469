import type { Ec2Context } from '../context.ts'
import { releaseVolume } from '../volumes/attachment-lifecycle.ts'
import { attachedTo } from '../volumes/volume.ts'
import { forgetVolume } from '../volumes/volume-lifecycle.ts'
import { type Instance, type PowerDown, setInstanceState, type StateReason } from './instance.ts'

/** EC2 pulls the plug on an OS that hasn't shut down after about four minutes. */
const ORDERLY_SHUTDOWN_LIMIT_MS = 240_000

/** Powers on a new instance once its volumes are there. Failing that it is `terminated`. */
export function beginLaunch(
  context: Ec2Context,
  instance: Instance,
  volumes: readonly Promise<boolean>[],
): void {
  queue(context, instance, 'launch', async () => {
    const [ready] = await Promise.all([Promise.all(volumes), context.delay('launchInstance')])
    if (instance.state.name !== 'pending') return
    try {
      if (ready.includes(false)) throw new Error('Not all of its volumes could be made.')
      instance.machine = 'unknown'
      instance.wentOff = false
      await context.machines.launch(specOf(instance))
      instance.machine = 'on'
    } catch (error) {
      // Asked to terminate meanwhile: that cleans up.
      if (instance.state.name === 'pending') {
        await destroy(context, instance)
        if ((instance.state.name as string) === 'pending') {
          markTerminated(context, instance, serverError(context, 'Internal error on launch'))
        }
      }
      throw error
    }
    markRunning(context, instance)
  })
}

/** Powers a stopped instance on again. Failing that it is `stopped`. */
export function beginStart(context: Ec2Context, instance: Instance): void {
  setInstanceState(context, instance, { name: 'pending', launch: false })
  instance.launchTimeMs = context.clock.now()
  queue(context, instance, 'start', async () => {
    await context.delay('startInstance')
    if (instance.state.name !== 'pending') return
    await powerOn(context, instance)
    markRunning(context, instance)
  })
}

/** Stops an instance; `power-off` pulls the plug, at once. */
export function beginStop(context: Ec2Context, instance: Instance, how: PowerDown): void {
  setInstanceState(context, instance, { name: 'stopping' }, userReason(context, 'shutdown'))
  queueStop(context, instance, how)
}

/** Pulls the plug on an instance that is `stopping` and takes its time about it. */
export function hurryStop(context: Ec2Context, instance: Instance): void {
  if (instance.hurry === undefined) queueStop(context, instance, 'power-off')
  else instance.hurry()
}

function queueStop(context: Ec2Context, instance: Instance, how: PowerDown): void {
  queue(context, instance, 'stop', async () => {
    await Promise.all([powerDown(context, instance, how), context.delay('stopInstance')])
    if (instance.state.name !== 'stopping') return
    setInstanceState(context, instance, { name: 'stopped' }, instance.reason)
  })
}

/** Shuts down and powers on again. The instance is `running` all the while, as EC2 shows it. */
export function beginReboot(context: Ec2Context, instance: Instance): void {
  if (instance.rebooting) return
  instance.rebooting = true
  queue(context, instance, 'reboot', async () => {
    try {
      if (instance.state.name !== 'running') return
      await powerDown(context, instance, 'orderly')
      // Asked to stop meanwhile: then it stays off.
      if ((instance.state.name as string) === 'running') await powerOn(context, instance)
    } finally {
      instance.rebooting = false
    }
    noticeDeath(context, instance)
  })
}

/** Powers off, lets go of the volumes, and removes the machine. */
export function beginTerminate(
  context: Ec2Context,
  instance: Instance,
  how: PowerDown,
  reason: StateReason = userReason(context, 'shutdown'),
): void {
  setInstanceState(context, instance, { name: 'shutting-down' }, reason)
  if (how === 'power-off') instance.hurry?.()
  queue(context, instance, 'terminate', async () => {
    await Promise.all([powerDown(context, instance, how), context.delay('terminateInstance')])
    await destroy(context, instance)
    markTerminated(context, instance, reason)
  })
}

/** The machine went off by itself: its OS shut down, or it crashed. */
export function machineWentOff(context: Ec2Context, instance: Instance): void {
  // In every other state somebody is at work on the machine already; who powers it on looks here.
  instance.wentOff = true
  if (instance.state.name === 'running' && !instance.rebooting) noticeDeath(context, instance)
}

/** Has an instance that should be running stop or terminate, when its machine went off meanwhile. */
function noticeDeath(context: Ec2Context, instance: Instance): void {
  if (!instance.wentOff || instance.state.name !== 'running') return
  instance.wentOff = false
  instance.machine = 'off'
  const message = 'Client.InstanceInitiatedShutdown: Instance initiated shutdown'
  const reason = { code: 'Client.InstanceInitiatedShutdown', message, transition: '' }
  if (instance.shutdownBehavior === 'terminate') {
    beginTerminate(context, instance, 'power-off', reason)
    return
  }
  setInstanceState(context, instance, { name: 'stopping' }, reason)
  queueStop(context, instance, 'power-off')
}

function queue(
  context: Ec2Context,
  instance: Instance,
  verb: string,
  work: () => Promise<void>,
): void {
  instance.work = context.background.run(`${verb} ${instance.id}`, instance.work, work)
}

async function powerOn(context: Ec2Context, instance: Instance): Promise<void> {
  instance.wentOff = false
  try {
    await context.machines.powerOn(instance.id)
    instance.machine = 'on'
  } catch (error) {
    const { name } = instance.state
    if (name === 'pending' || name === 'running') {
      const reason = serverError(context, 'Internal error on launch')
      setInstanceState(context, instance, { name: 'stopped' }, reason)
    }
    throw error
  }
}

/** Resolves when the machine is off; orderly at first, by the plug if that takes too long. */
async function powerDown(context: Ec2Context, instance: Instance, how: PowerDown): Promise<void> {
  if (instance.machine !== 'on') return
  if (how === 'power-off' || !(await shutDown(context, instance))) {
    await context.machines.powerOff(instance.id)
  }
  instance.machine = 'off'
}

/** False when the machine did not go off, or not soon enough. */
async function shutDown(context: Ec2Context, instance: Instance): Promise<boolean> {
  const hurried = Promise.withResolvers<void>()
  instance.hurry = hurried.resolve
  let off = false
  const shutdown = async (): Promise<void> => {
    try {
      await context.machines.shutDown(instance.id)
      off = true
    } catch (error) {
      context.log(`shutdown of ${instance.id} failed: ${String(error)}`)
    }
  }
  try {
    const over = Promise.race([shutdown(), hurried.promise])
    await context.background.waitOr(ORDERLY_SHUTDOWN_LIMIT_MS, over)
  } finally {
    instance.hurry = undefined
  }
  return off
}

async function destroy(context: Ec2Context, instance: Instance): Promise<void> {
  if (instance.machine === 'unknown') {
    await context.machines.powerOff(instance.id).catch(() => {})
  }
  const attached = attachedTo(context, instance.id)
  const data = attached.filter(({ attachment }) => !attachment.root)
  await Promise.all(data.map(({ volume }) => releaseVolume(context, volume)))
  if (instance.machine !== 'absent') {
    try {
      await context.machines.destroy(instance.id)
    } catch (error) {
      // It is off and holds no volume: for the API's callers it is gone.
      context.log(`removing ${instance.id} failed: ${String(error)}`)
    }
    instance.machine = 'absent'
  }
  // The root disk goes with its machine.
  for (const { volume, attachment } of attached) {
    if (attachment.root) forgetVolume(context, volume)
  }
}

function markRunning(context: Ec2Context, instance: Instance): void {
  if (instance.state.name !== 'pending') return
  const initializingMs = context.latencyMs('statusChecks')
  const sinceMs = context.clock.now()
  setInstanceState(context, instance, { name: 'running', sinceMs, initializingMs })
  noticeDeath(context, instance)
}

function markTerminated(context: Ec2Context, instance: Instance, reason: StateReason): void {
  instance.subnet.taken.delete(instance.privateIp)
  const sinceMs = context.clock.now()
  setInstanceState(context, instance, { name: 'terminated', sinceMs }, reason)
}

function userReason(context: Ec2Context, what: string): StateReason {
  return {
    code: 'Client.UserInitiatedShutdown',
    message: `Client.UserInitiatedShutdown: User initiated ${what}`,
    transition: `User initiated (${timestamp(context)})`,
  }
}

function serverError(context: Ec2Context, what: string): StateReason {
  return {
    code: 'Server.InternalError',
    message: `Server.InternalError: ${what}`,
    transition: `Server.InternalError (${timestamp(context)})`,
  }
}

/** `2026-01-02 03:04:05 GMT` */
const timestamp = (context: Ec2Context): string =>
  `${new Date(context.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} GMT`

const specOf = (instance: Instance) => ({
  instanceId: instance.id,
  zone: instance.subnet.zone.name,
  subnetId: instance.subnet.id,
  privateIp: instance.privateIp,
  privateDnsName: instance.privateDnsName,
  instanceType: instance.type.name,
  imageId: instance.imageId,
  userData: instance.userData,
})
