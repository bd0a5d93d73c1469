import { InconclusiveError } from '../model/errors.ts'
import { WaitTimeoutError } from '../std/poll.ts'
import type { Fault, FaultContext, FaultEffect, FaultPlan, Observation } from './fault.ts'

/** A fault in effect: it was seen to be. */
export class ActiveFault<Plan extends FaultPlan, Effect extends FaultEffect = FaultEffect> {
  readonly plan: Plan
  readonly effect: Effect
  readonly observation: Observation
  readonly #steps: { takeBack: () => Promise<void>; recovered: () => Promise<void> }

  constructor(
    plan: Plan,
    effect: Effect,
    observation: Observation,
    steps: { takeBack: () => Promise<void>; recovered: () => Promise<void> },
  ) {
    this.plan = plan
    this.effect = effect
    this.observation = observation
    this.#steps = steps
  }

  /** Takes the fault back and waits until what it took away is back too. */
  async heal(): Promise<void> {
    await this.#steps.takeBack()
    await this.#steps.recovered()
  }

  /** Waits until what the fault took away is back, whoever took the fault back. */
  recovered(): Promise<void> {
    return this.#steps.recovered()
  }
}

/** Where another injection can be put in a fault's place: how a planted defect takes hold. */
export type Inject = <Effect extends FaultEffect>(
  plan: FaultPlan,
  inject: () => Promise<Effect>,
) => Promise<Effect>

/**
 * Plans a fault, makes it happen, and sees that it took effect; tells each step.
 *
 * @throws InconclusiveError when it can't be or isn't seen; what was changed stays due in the journal
 */
export async function cause<Wish, Plan extends FaultPlan, Effect extends FaultEffect>(
  fault: Fault<Wish, Plan, Effect>,
  context: FaultContext,
  wish: Wish,
  through: Inject = (_plan, inject) => inject(),
): Promise<ActiveFault<Plan, Effect>> {
  const plan = await fault.plan(context, wish)
  const { subject, text, touches } = plan
  const tell = (step: string, said: string, data: Readonly<Record<string, unknown>> = {}): void =>
    context.events.emit({
      kind: `fault.${step}`,
      subject,
      text: said,
      data: { fault: fault.name, ...data },
    })
  tell('planned', text, { touches })
  const effect = await through(plan, () => fault.inject(context, plan))
  tell('injected', text)
  let observation: Observation
  try {
    observation = await fault.observe(context, plan, effect)
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new InconclusiveError(`The fault ${fault.name} of ${subject} was not observed.`, {
      cause: error,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    })
  }
  tell('observed', observation.text, observation.data)
  return new ActiveFault(plan, effect, observation, {
    takeBack: async () => {
      await fault.heal(context, plan, effect)
      tell('healed', `What ${fault.name} changed is taken back.`)
    },
    recovered: async () => {
      await fault.recovered(context, plan, effect)
      tell('recovered', `What ${fault.name} took away is back.`)
    },
  })
}
