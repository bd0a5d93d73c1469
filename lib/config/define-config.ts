import type { z } from 'zod'
import type { settingsSchema } from './settings.ts'

/**
 * What a `zonefall.config.ts` exports: gives the settings their type, and editors something to
 * complete.
 */
export function defineConfig(
  settings: z.input<typeof settingsSchema>,
): z.input<typeof settingsSchema> {
  return settings
}
