import { Command } from 'commander'

import { ArtifactError } from './artifact-error.ts'
import {
  ensureArtifacts,
  isRecipeName,
  pruneArtifacts,
  verifyArtifacts,
} from './ensure-artifacts.ts'
import { ensureHostPackages } from './host-packages.ts'
import type { RecipeName } from './recipe.ts'
import { RECIPE_NAMES } from './recipe.ts'

const program = new Command('artifacts')
  .description('Builds what the lab runs into the cache; what is there already stays.')
  .option('--only <name...>', `of ${RECIPE_NAMES.join(', ')}`)
  .option('--verify', 'read everything built again and compare it with its digests')
  .option('--prune', 'remove what other versions left in the cache and no running lab uses')
  .addHelpText('after', '\nExample:\n  node lab/artifacts/main.ts --only binaries node-rootfs')
  .parse()

const options = program.opts<{ only?: string[]; verify?: true; prune?: true }>()

try {
  await ensureHostPackages({
    onProgress({ step, state }) {
      if (state !== 'present') console.log(`host packages  ${state}: ${step}`)
    },
  })
  const artifacts = await ensureArtifacts({
    ...(options.only === undefined ? {} : { only: options.only.map(recipeName) }),
    onProgress({ artifact, step, elapsedMs, state }) {
      console.log(`${(elapsedMs / 1000).toFixed(1).padStart(7)} s  ${artifact}  ${state}: ${step}`)
    },
  })
  if (options.verify) await verifyArtifacts()
  if (options.prune) {
    for (const name of await pruneArtifacts()) console.log(`removed ${name}`)
  }
  console.log(JSON.stringify(artifacts, undefined, 2))
} catch (error) {
  if (!(error instanceof ArtifactError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

function recipeName(text: string): RecipeName {
  if (isRecipeName(text)) return text
  throw new ArtifactError(`There is no artifact ${text}; there are ${RECIPE_NAMES.join(', ')}.`)
}
