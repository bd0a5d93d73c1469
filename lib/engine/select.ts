import { PreflightError } from '../model/errors.ts'
import { TIERS, type ScenarioInfo, type Tier } from '../model/scenario.ts'
import { nearest } from '../std/nearest.ts'
import { fileStem } from './collect.ts'

export interface Selection {
  /** Each matches ids and files by prefix or any part; none: everything. */
  readonly filters: readonly string[]
  readonly tier: Tier
  /** At least one of these; none: any. */
  readonly tags: readonly string[]
}

/**
 * Chooses scenarios, in their own order.
 *
 * @throws PreflightError when a filter or tag matches nothing, or nothing is left.
 */
export function selectScenarios(
  all: readonly ScenarioInfo[],
  { filters, tier, tags }: Selection,
): ScenarioInfo[] {
  const known = all.map(({ id }) => id)
  const stems = [...new Set(all.map(({ file }) => fileStem(file)))]
  for (const filter of filters) {
    if (!all.some((info) => matches(info, filter))) {
      const guess = nearest(filter, [...stems, ...known, ...all.map(({ file }) => file)])
      throw new PreflightError(`No scenario matches ${filter}.`, {
        hint:
          (guess === undefined ? '' : `Did you mean ${guess}? `) +
          `The files are: ${stems.join(', ') || 'none'}; npx zonefall list shows what is in them.`,
      })
    }
  }
  const knownTags = [...new Set(all.flatMap(({ options }) => options.tags))].toSorted()
  for (const tag of tags) {
    if (!knownTags.includes(tag)) {
      throw new PreflightError(`No scenario has the tag ${tag}.`, {
        hint: `There are: ${knownTags.join(', ') || 'none'}.`,
      })
    }
  }
  const selected = all
    .filter((info) => filters.length === 0 || filters.some((filter) => matches(info, filter)))
    .filter(({ options }) => TIERS.indexOf(options.tier ?? 'nightly') <= TIERS.indexOf(tier))
    .filter(({ options }) => tags.length === 0 || tags.some((tag) => options.tags.includes(tag)))
  if (selected.length === 0) {
    const what = [
      ...(filters.length > 0 ? [`filter ${filters.join(' ')}`] : []),
      `tier ${tier}`,
      ...(tags.length > 0 ? [`tags ${tags.join(', ')}`] : []),
    ]
    throw new PreflightError(`No scenario is left for ${what.join(', ')}.`, {
      hint: 'npx zonefall list shows each with its tier and tags.',
    })
  }
  return selected
}

function matches({ id, file }: ScenarioInfo, filter: string): boolean {
  const text = filter.replace(/^\.\//, '')
  return id.includes(text) || file.includes(text) || file.endsWith(`/${text}`)
}
