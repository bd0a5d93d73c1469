import type { PullRules } from '../model/target.ts'
import type { Target } from './target.ts'

/** A target whose images are pulled by these rules. */
export function pullingFrom(target: Target, pulls: PullRules): Target {
  return {
    ...target,
    start: async (options) => {
      const started = await target.start(options)
      return { ...started, description: { ...started.description, pulls } }
    },
  }
}
