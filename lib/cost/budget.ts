import { PreflightError } from '../model/errors.ts'
import type { Cost } from './estimate.ts'

/**
 * Refuses a run that may cost more than it is allowed to, the cluster's own hours included: who has
 * a cluster only for the run pays both.
 *
 * @throws PreflightError also when something has no price: then nobody knows
 */
export function refuseAboveBudget(
  { cost, costUsd }: { readonly cost: Cost | null; readonly costUsd: number | null },
  budgetUsd: number,
): void {
  if (costUsd === 0) return
  if (cost === null) {
    throw new PreflightError(
      `What the run would cost is not known, so it can't be held to ${usd(budgetUsd)}.`,
      { hint: 'Its nodes are no EC2 instances: leave --budget-usd away.' },
    )
  }
  if (cost.unpriced.length > 0) {
    throw new PreflightError(
      `There is no price for ${cost.unpriced.join(', ')}, so nobody knows whether the run stays within ${usd(budgetUsd)}.`,
      { hint: 'Give it one with --prices FILE, or leave --budget-usd away.' },
    )
  }
  if (cost.totalUsd <= budgetUsd) return
  throw new PreflightError(
    `The run may cost ${usd(cost.totalUsd)}, more than the ${usd(budgetUsd)} of --budget-usd.`,
    {
      hint: `${usd(cost.addedUsd)} of it are the run's own, the rest is the cluster's for ${cost.hours.toFixed(1)} hours: npx zonefall plan lists both.`,
    },
  )
}

/** `0.42 USD`; rounded up, so that no sum looks smaller than its parts. */
export function usd(amount: number): string {
  return `${(Math.ceil(amount * 100 - 1e-9) / 100).toFixed(2)} USD`
}
