import type { Settings } from './settings.ts'

/**
 * What a `zonefall.config.ts` exports: gives the settings their type, and editors something to
 * complete.
 */
export function defineConfig(settings: Settings): Settings {
  return settings
}
