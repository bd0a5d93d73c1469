import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { LabError, PreflightError } from '../model/errors.ts'
import { within } from '../std/poll.ts'
import { describeEks } from './eks.ts'
import { CAPABILITIES } from '../model/target.ts'
import type { StartedTarget, StartOptions, StepEvent, Target } from './target.ts'
import { makeTie, type Tie } from './tie.ts'

export interface LabTargetOptions {
  readonly namespace: string
  /** Leave the lab up at the end; it is then not tied to this process. */
  readonly keep: boolean
  readonly zones?: number
  /** `eks`: Kubernetes' own timers; `short`: node loss is noticed in seconds. */
  readonly timers?: 'eks' | 'short'
  /** Path of the IAM policy that the lab's key is to have; by default it may do everything. */
  readonly iamPolicy?: string
  /** What is hard about the real EC2, of `throttled` and `eventual`; by default nothing is. */
  readonly ec2?: readonly ('throttled' | 'eventual')[]
  /** Images to be there that the lab builds only when asked. */
  readonly images?: readonly LabImage[]
  /** Which lab, where several stand side by side; default: ZONEFALL_LAB, then `default`. */
  readonly name?: string
}

/** What the lab builds only when asked, by the systems whose scenarios need it. */
export const LAB_IMAGES = ['mysql'] as const
export type LabImage = (typeof LAB_IMAGES)[number]

/** The lab's command line: the only way that lib/ reaches lab/. */
export const LAB_COMMAND = [
  process.execPath,
  join(import.meta.dirname, '../../lab/cli/main.ts'),
] as const

/** The lab's EC2 is a second behind at most, and not at all by default (docs/fidelity.md). */
const LAB_BEHIND_MS = 3_000

/** With this code the lab's command line says that it has started nothing. */
const REFUSED_EXIT = 3

const labUpSchema = z.object({
  name: z.string(),
  kubeconfig: z.string(),
  context: z.string(),
  region: z.string(),
  ec2Endpoint: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  logs: z.string(),
  kubernetesVersion: z.string(),
  images: z.array(z.object({ name: z.string(), standsBehind: z.string() })),
  differences: z.array(z.string()),
  reused: z.boolean(),
})
type LabUp = z.infer<typeof labUpSchema>

const stepSchema = z.object({
  step: z.string(),
  state: z.enum(['begin', 'end', 'fail']),
  text: z.string(),
  elapsedMs: z.number().optional(),
})
const failureSchema = z.object({
  error: z.string(),
  hint: z.string().optional(),
  log: z.string().optional(),
})

/**
 * The lab. A lab that is already up is used and left up. One that this run starts is tied to it by
 * a pipe: when the supervisor goes, by whatever cause, so does the lab.
 */
export function labTarget(options: LabTargetOptions): Target {
  const name = options.name ?? process.env['ZONEFALL_LAB'] ?? 'default'
  return {
    kind: 'lab',
    lockKey: `lab ${name}`,
    start: (start) => startLab(options, [...LAB_COMMAND, '--name', name], start),
  }
}

async function startLab(
  options: LabTargetOptions,
  command: readonly string[],
  start: StartOptions,
): Promise<StartedTarget> {
  const [program = process.execPath, ...prefix] = command
  const args = [
    ...prefix,
    'up',
    '--json',
    ...(options.keep ? [] : ['--tied']),
    ...(options.zones === undefined ? [] : ['--zones', String(options.zones)]),
    ...(options.timers === undefined ? [] : ['--timers', options.timers]),
    ...(options.iamPolicy === undefined ? [] : ['--iam-policy', options.iamPolicy]),
    ...(options.ec2 === undefined ? [] : ['--ec2', options.ec2.join(',')]),
    ...(options.images?.length ? ['--images', options.images.join(',')] : []),
  ]
  // A process group of its own: Ctrl-C on the terminal is for the supervisor to act on.
  const tie = makeTie()
  const child = spawn(program, args, { stdio: [tie.readEnd, 'pipe', 'pipe'], detached: true })
  tie.handedOver()
  const stop = stopper(child, tie, command)
  try {
    const up = await within(
      { what: 'the lab to be up', owner: 'lab', budget: 'labUp', signal: start.signal },
      () => untilUp(child, start.onStep),
    )
    const { kubeconfig, context, region, ec2Endpoint: endpoint } = up
    const { accessKeyId, secretAccessKey, images, differences } = up
    const { clusterUid, description } = await describeEks({
      kubeconfig,
      context,
      namespace: options.namespace,
      aws: { region, endpoint, accessKeyId, secretAccessKey, answersBehindMs: LAB_BEHIND_MS },
    })
    return {
      clusterUid,
      owned: !up.reused && !options.keep,
      logsDir: up.logs,
      stop: up.reused || options.keep ? () => Promise.resolve(tie.release()) : stop,
      description: {
        ...description,
        kind: 'lab',
        capabilities: CAPABILITIES,
        images,
        differences,
      },
    }
  } catch (error) {
    tie.release()
    await ended(child).catch(() => kill(child))
    throw error
  }
}

/** Follows `lab up` to its last line on stdout, telling its steps. */
async function untilUp(child: ChildProcess, onStep: (event: StepEvent) => void): Promise<LabUp> {
  let lastError: string | undefined
  let lastOutput = ''
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new LabError('The lab was started without pipes.')
  createInterface({ input: stderr }).on('line', (line) => {
    const event = parse(stepSchema, line)
    if (event) {
      const { step, state, text, elapsedMs } = event
      onStep({ id: `lab.${step}`, text, state, ...(elapsedMs === undefined ? {} : { elapsedMs }) })
    } else if (line.trim() !== '') {
      lastError = line
    }
  })
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      lastOutput = line
      const up = parse(labUpSchema, line)
      if (up) resolve(up)
    })
    child.once('error', (error) =>
      reject(new LabError('The lab could not be started.', { cause: error })),
    )
    // `close` comes after the pipes are drained: the last line of stderr has been read by then.
    child.once('close', (code, signal) => {
      const failure = parse(failureSchema, lastError ?? '')
      const how = signal === null ? `exit code ${code}` : signal
      const seen = lastError ?? lastOutput
      const message = failure?.error ?? `The lab ended with ${how} before it was up: ${seen}`
      const RefusalOrError = code === REFUSED_EXIT ? PreflightError : LabError
      reject(
        new RefusalOrError(message, {
          hint: [failure?.hint, failure?.log && `The log is ${failure.log}.`]
            .filter(Boolean)
            .join(' '),
        }),
      )
    })
  })
}

/** Takes the lab down: the end of the tie does, and `down` makes sure and waits. */
function stopper(child: ChildProcess, tie: Tie, command: readonly string[]) {
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    tie.release()
    await ended(child).catch(() => kill(child))
    const [program = process.execPath, ...args] = command
    const down = spawn(program, [...args, 'down'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    down.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)))
    const code = await ended(down)
    if (code !== 0) {
      const failure = parse(failureSchema, text.trim().split('\n').at(-1) ?? '')
      throw new LabError(failure?.error ?? `The lab could not be taken down: ${text.trim()}`, {
        hint: failure?.hint ?? 'npx zonefall lab down tries again.',
      })
    }
  }
  return () => (stopped ??= stop())
}

/** Waits for a child's end; its exit code, or null if a signal ended it. */
function ended(child: ChildProcess): Promise<number | null> {
  return within({ what: 'the lab to be down', owner: 'lab', budget: 'labDown' }, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    return new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve)
      child.once('error', reject)
    })
  })
}

function kill(child: ChildProcess): number {
  child.kill('SIGKILL')
  return -1
}

function parse<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
