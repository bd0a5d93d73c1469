import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PreflightError } from '../model/errors.ts'

const price = z.number().min(0)

const usdSchema = z.strictObject({
  /** EKS's control plane. */
  clusterHour: price,
  instanceHour: z.record(z.string(), price),
  volumeGibMonth: z.record(z.string(), price),
  /** A GiB from one zone to another: charged on both sides. */
  crossZoneGib: price,
  publicAddressHour: price,
})

const assumptionsSchema = z.strictObject({
  rootVolumeGib: price,
  rootVolumeType: z.string(),
  crossZoneGibPerHour: price,
})

const pricesSchema = z.strictObject({
  /** When the prices were read. */
  asOf: z.string(),
  source: z.string(),
  region: z.string(),
  usd: usdSchema,
  assumptions: assumptionsSchema,
})

/** Everything may be left out but what makes a price worth believing: its date and its source. */
const overrideSchema = z.strictObject({
  asOf: z.string(),
  source: z.string(),
  region: z.string().optional(),
  usd: usdSchema.partial().optional(),
  assumptions: assumptionsSchema.partial().optional(),
})

/** What things cost, when that was read and where; US dollars. */
export type Prices = z.infer<typeof pricesSchema>

const OWN = join(import.meta.dirname, 'prices.json')

/**
 * The project's price table, or with a file that table with the file's prices in their places.
 *
 * @param path of a JSON file of the same shape; only `asOf` and `source` have to be there
 * @throws PreflightError when the file can't be read or says something else
 */
export async function loadPrices(path?: string): Promise<Prices> {
  const own = pricesSchema.parse(await readJson(OWN))
  if (path === undefined) return own
  const parsed = overrideSchema.safeParse(await readJson(path))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new PreflightError(
      `The prices ${path} are not understood: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`,
      { hint: `They have the shape of ${OWN}; only asOf and source are needed.` },
    )
  }
  const { usd = {}, assumptions = {}, region = own.region, asOf, source } = parsed.data
  return pricesSchema.parse({
    asOf,
    source,
    region,
    usd: {
      ...own.usd,
      ...usd,
      instanceHour: { ...own.usd.instanceHour, ...usd.instanceHour },
      volumeGibMonth: { ...own.usd.volumeGibMonth, ...usd.volumeGibMonth },
    },
    assumptions: { ...own.assumptions, ...assumptions },
  })
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new PreflightError(`The prices ${path} can't be read.`, {
      cause: error,
      hint: 'Name a JSON file with --prices.',
    })
  }
}
