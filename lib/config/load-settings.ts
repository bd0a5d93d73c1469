import { stat } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PreflightError } from '../model/errors.ts'
import { VARIABLES, withEnvironment } from './environment.ts'
import { type Settings, settingsSchema } from './settings.ts'

/** Its name in the folder where zonefall is called. */
export const CONFIG_FILE = 'zonefall.config.ts'

export interface LoadOptions {
  /** The file that `--config` names; default: ZONEFALL_CONFIG, then zonefall.config.ts in `cwd`. */
  readonly path?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/**
 * The settings of the config file, if there is one, with the environment's in their place.
 *
 * @throws PreflightError that names the file, or the variable, and the setting
 */
export async function loadSettings(options: LoadOptions = {}): Promise<Settings> {
  const { cwd = process.cwd(), env = process.env } = options
  const named = options.path ?? (env['ZONEFALL_CONFIG'] || undefined)
  const path = named === undefined ? join(cwd, CONFIG_FILE) : resolve(cwd, named)
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isThere && named !== undefined) {
    throw new PreflightError(`There is no config file ${path}.`, {
      hint: 'npx zonefall init writes one.',
    })
  }
  const fromFile = isThere ? check(await importDefault(path), path, {}) : {}
  return check(withEnvironment(fromFile, env), path, env)
}

async function importDefault(path: string): Promise<unknown> {
  let loaded: unknown
  // The file may lie in a folder from which no package of that name is to be found.
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'zonefall/config'
        ? { url: import.meta.resolve('./define-config.ts'), shortCircuit: true }
        : next(specifier, context),
  })
  try {
    loaded = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new PreflightError(`The config file ${path} can't be loaded.`, {
      cause: error,
      hint: `node --check ${path} shows where; npx zonefall init writes a new one.`,
    })
  } finally {
    hooks.deregister()
  }
  if (typeof loaded === 'object' && loaded !== null && 'default' in loaded) return loaded.default
  throw new PreflightError(`The config file ${path} exports no default.`, {
    hint: 'It should end in: export default defineConfig({ … })',
  })
}

/** What the environment sets is blamed on the variable, the rest on the file. */
function check(settings: unknown, path: string, env: NodeJS.ProcessEnv): Settings {
  const result = settingsSchema.safeParse(settings)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') ?? ''
  const variable = Object.entries(VARIABLES).find(
    ([name, setting]) =>
      (env[name] ?? '') !== '' && (where === setting.path || where.startsWith(`${setting.path}.`)),
  )
  const source = variable?.[0] ?? path
  const said =
    issue?.code === 'unrecognized_keys'
      ? `there is no setting ${[where, issue.keys.join(', ')].filter(Boolean).join('.')}`
      : `${where === '' ? 'the settings' : where}: ${issue?.message ?? 'is not understood'}`
  throw new PreflightError(`${source}: ${said}.`, {
    hint: 'npx zonefall init --print shows every setting there is.',
  })
}
