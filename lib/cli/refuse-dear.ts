import { refuseAboveBudget } from '../cost/budget.ts'
import { loadPrices } from '../cost/prices.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import { makePlan, type PlanOptions } from './make-plan.ts'

/**
 * Plans a run and refuses it where it may cost more than it is allowed to.
 *
 * @throws PreflightError
 */
export async function refuseDear(
  known: readonly ScenarioInfo[],
  filters: readonly string[],
  flags: Omit<PlanOptions, 'filters' | 'prices'> & { readonly prices?: string },
  budgetUsd: number,
): Promise<void> {
  const prices = await loadPrices(flags.prices)
  refuseAboveBudget(await makePlan(known, { ...flags, filters, prices }), budgetUsd)
}
