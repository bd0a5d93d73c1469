import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { readTimeline } from '../lib/report/records.ts'
import { pairSpans } from '../lib/report/spans.ts'
import { measureBoot } from './lab-boot.ts'
import { measureOverhead } from './overhead.ts'
import { measureHubLatency } from './watch-hub.ts'

const ROOT = join(import.meta.dirname, '..')
const BRING_UP = 'cassandra/failover/each-volume'

const program = new Command('bench')
  .description('Measures what bench/README.md records; prints a line for each figure.')
  .argument(
    '[what...]',
    'of boot, cassandra, watch-hub, artifacts; without any: boot and cassandra',
  )
  .option('--repeat <n>', 'boots', Number, 3)
  .addHelpText('after', '\nExample:\n  npm run bench -- boot --repeat 5')
  .parse()

const wanted = program.args.length === 0 ? ['boot', 'cassandra'] : program.args
const { repeat } = program.opts<{ repeat: number }>()
const gib = Math.round(totalmem() / 2 ** 30)
console.log(`${new Date().toISOString()}, ${cpus().length} cores, ${gib} GiB, Linux ${release()}`)
for (const what of wanted) {
  if (what === 'boot') await benchBoot()
  else if (what === 'cassandra') await benchCassandra()
  else if (what === 'watch-hub') await benchWatchHub()
  else if (what === 'artifacts') await benchArtifacts()
  else program.error(`there is no bench ${what}; there are boot, cassandra, watch-hub, artifacts`)
}

async function benchBoot(): Promise<void> {
  for (let round = 1; round <= repeat; round += 1) {
    const boot = await measureBoot()
    console.log(
      `boot ${round}: up ${boot.upSeconds.toFixed(1)} s, first volume mounted ` +
        `${boot.firstVolumeSeconds.toFixed(1)} s, warm reuse ${boot.reuseSeconds.toFixed(1)} s, ` +
        `memory ${boot.memoryPssMiB} MiB PSS (${boot.memoryRssMiB} RSS)`,
    )
  }
}

async function benchCassandra(): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'zonefall-bench-'))
  try {
    await node(['lib/cli/main.ts', 'run', BRING_UP, `--out=${out}`])
    const events = readTimeline(join(out, 'latest', 'timeline.ndjson'))
    const ready = pairSpans(events).find(({ text }) => text?.startsWith('wait for 3 replicas'))
    if (ready?.endMs === undefined) throw new Error('the run never waited for the replicas')
    const { share, overheadMs, totalMs } = measureOverhead(events)
    console.log(`cassandra: 3 of 3 ready ${seconds(ready.endMs - ready.beginMs)} after apply`)
    console.log(
      `overhead: ${(share * 100).toFixed(1)} % (${seconds(overheadMs)} of ${seconds(totalMs)})`,
    )
  } finally {
    await rm(out, { recursive: true })
  }
}

async function benchWatchHub(): Promise<void> {
  const { writes, p50Ms, p99Ms, maxMs } = await measureHubLatency(1000)
  console.log(
    `watch hub: from the answer to a write until its timeline entry, ${writes} writes: ` +
      `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(1)} ms`,
  )
}

async function benchArtifacts(): Promise<void> {
  const cache = await mkdtemp(join(tmpdir(), 'zonefall-bench-'))
  const begin = performance.now()
  try {
    const printed = await node(['lab/artifacts/main.ts'], {
      XDG_CACHE_HOME: cache,
      // Go's module cache stays: a download's time is the network's.
      GOCACHE: join(cache, 'go-build'),
    })
    for (const line of printed.split('\n')) if (line.includes('  built: ')) console.log(line)
    console.log(`artifacts: all built in ${seconds(performance.now() - begin)}`)
  } finally {
    await rm(cache, { recursive: true })
  }
}

async function node(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    timeout: 90 * 60_000,
    maxBuffer: 64 << 20,
  })
  return stdout
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
