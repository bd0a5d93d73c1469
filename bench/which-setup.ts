import { existsSync, realpathSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { collectScenarios, PROJECT_ROOT } from '../lib/engine/collect.ts'
import type { RunSummary } from '../lib/model/summary.ts'
import { readRun } from '../lib/report/read-run.ts'
import { type Setup, whichSetup } from '../lib/report/which-setup.ts'
import { writeFileAtomic } from '../lib/std/atomic-file.ts'

/** The setups that are compared, by their folders, in the order of the columns. */
const SETUPS = ['cassandra', 'cassandra-zone-aware', 'mysql', 'mysql-semisync']
const PAGE = 'docs/which-setup.md'

async function main(): Promise<void> {
  const program = new Command('which-setup')
    .description(`Writes ${PAGE} from the reports of finished runs.`)
    .argument('<run...>', 'folders of runs, or folders that hold some')
    .option('--out <file>', 'where to write it', join(PROJECT_ROOT, PAGE))
    .addHelpText('after', '\nExample:\n  node bench/which-setup.ts reports/')
    .parse()
  const { out } = program.opts<{ out: string }>()
  const runs = await readRuns(program.args)
  if (runs.length === 0) program.error(`there is no report.json in ${program.args.join(', ')}`)
  const setups = await Promise.all(SETUPS.map((name) => readSetup(name)))
  await writeFileAtomic(out, whichSetup(runs, await collectScenarios(), setups))
  console.log(`${out} is made from ${runs.length} runs.`)
}

/** The finished runs in these folders or right below them, each once. */
export async function readRuns(folders: readonly string[]): Promise<RunSummary[]> {
  const runs = new Map<string, RunSummary>()
  for (const folder of folders) {
    for (const dir of isRun(folder) ? [folder] : await below(folder)) {
      const { summary } = await readRun(dir)
      runs.set(summary.runId, summary)
    }
  }
  return [...runs.values()]
}

async function below(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.map((name) => join(folder, name)).filter(isRun)
}

function isRun(folder: string): boolean {
  return existsSync(join(folder, 'report.json'))
}

/** A setup's images, as its manifests name them. */
async function readSetup(name: string): Promise<Setup> {
  const folder = join(PROJECT_ROOT, 'manifests', name)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  const images = [...texts.join('\n').matchAll(/^\s*(?:- )?image: *(\S+)/gm)].map(
    ([, image = '']) => image,
  )
  return { name, images: [...new Set(images)] }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  await main()
}
