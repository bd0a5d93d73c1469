import { readdir, readFile } from 'node:fs/promises'

import { z } from 'zod'

const CONFIG = 'ZONEFALL_LAB_CONFIG='
/** Of whatever version the lab is: only that it names its artifacts is taken for granted. */
const labConfig = z.object({
  artifacts: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
})

/**
 * Paths of the artifacts that labs running on this machine use, wherever their state is kept. A
 * lab's processes carry its configuration in their environment, so a lab that died uses nothing.
 */
export async function artifactsInUse(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const environments = await Promise.all(
    // Processes end meanwhile, and of others' one may not read it.
    pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')),
  )
  const configs = new Set(
    environments.flatMap((text) => text.split('\0').filter((entry) => entry.startsWith(CONFIG))),
  )
  return [...configs].flatMap((entry) => {
    const { artifacts } = labConfig.parse(JSON.parse(entry.slice(CONFIG.length)))
    return Object.values(artifacts).flat()
  })
}
