import type { AwsAccess } from '../model/target.ts'
import { type AutoScaling, connectAutoScaling } from './auto-scaling.ts'
import { connectEc2, type Ec2 } from './ec2.ts'

/** One account in one region. Each service's client is made when it is first asked for. */
export class Aws {
  readonly #access: AwsAccess
  #ec2: Promise<Ec2> | undefined
  #autoScaling: Promise<AutoScaling> | undefined

  constructor(access: AwsAccess) {
    this.#access = access
  }

  ec2(): Promise<Ec2> {
    this.#ec2 ??= connectEc2(this.#access)
    return this.#ec2
  }

  autoScaling(): Promise<AutoScaling> {
    this.#autoScaling ??= connectAutoScaling(this.#access)
    return this.#autoScaling
  }

  /** Ends the connections; whoever asks again gets new ones. */
  async close(): Promise<void> {
    const open = await Promise.allSettled([this.#ec2, this.#autoScaling])
    this.#ec2 = undefined
    this.#autoScaling = undefined
    for (const client of open) {
      if (client.status === 'fulfilled') client.value?.close()
    }
  }
}
