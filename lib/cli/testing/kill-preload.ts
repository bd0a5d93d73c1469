import { appendFileSync } from 'node:fs'
import { EC2Client } from '@aws-sdk/client-ec2'
import { CoreV1Api, KubernetesObjectApi } from '@kubernetes/client-node'
import { KILL_AT, KILL_LOG } from './kill-at.ts'

// For `node --import`: kills its process with SIGKILL at a change of an account or a cluster, once
// the call is made and before anybody could note it. ZONEFALL_TEST_KILL_AT is a part of the
// change's name; `before CreateSnapshots` is a moment before that call.

const at = process.env[KILL_AT] ?? ''

function reached(step: string): void {
  if (!step.includes(at)) return
  appendFileSync(process.env[KILL_LOG] ?? '', `${step}\n`)
  process.kill(process.pid, 'SIGKILL')
}

/** Has every call of a method that changes something be a step. */
function watch(
  owner: object,
  key: string,
  stepOf: (...args: readonly unknown[]) => string | undefined,
): void {
  const original: unknown = Reflect.get(owner, key)
  if (typeof original !== 'function') throw new Error(`There is no method ${key}.`)
  Object.defineProperty(owner, key, {
    value: async function watched(this: unknown, ...args: readonly unknown[]): Promise<unknown> {
      const step = stepOf(...args)
      if (step !== undefined) reached(`before ${step}`)
      const answer: unknown = await Reflect.apply(original, this, args)
      if (step !== undefined) reached(`after ${step}`)
      return answer
    },
  })
}

watch(EC2Client.prototype, 'send', (command) => {
  const name = command instanceof Object ? command.constructor.name : '?'
  return name.startsWith('Describe') ? undefined : name.replace(/Command$/, '')
})
const kindOf = (object: unknown): string =>
  object instanceof Object && 'kind' in object ? String(object.kind) : '?'
watch(KubernetesObjectApi.prototype, 'create', (object) => `create ${kindOf(object)}`)
watch(KubernetesObjectApi.prototype, 'delete', (object) => `delete ${kindOf(object)}`)
watch(CoreV1Api.prototype, 'createNamespace', () => 'create Namespace')
