import { mkdir, rename, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { ArtifactProgress } from '../artifacts/cache.ts'
import { ensureArtifacts, pruneArtifacts } from '../artifacts/ensure-artifacts.ts'
import { ensureHostPackages } from '../artifacts/host-packages.ts'
import type { OnDemand } from '../artifacts/recipe.ts'
import { GO_MODULES } from '../artifacts/versions.ts'
import type { BootEvent, Ec2Trait } from '../daemon/config.ts'
import { launchDaemon } from '../daemon/launch.ts'
import { liveDaemon, removeLab } from '../daemon/remains.ts'
import { LAB_CREDENTIALS, RESTRICTED_CREDENTIALS } from '../cluster/control-plane.ts'
import { DEFAULT_INSTANCE_TYPE } from '../ec2/instances/instance-types.ts'
import { cgroups } from '../machine/cgroups.ts'
import type { Timers } from '../cluster/timers.ts'
import { REGION } from '../network/vpc.ts'
import { imageTable } from '../registry/registry.ts'
import type { LabPaths } from '../std/paths.ts'
import { checkMachine } from './machine-check.ts'
import { readStatus } from './control.ts'
import { differencesOf } from './differences.ts'
import { checkInotify } from './inotify.ts'
import { ebsDriver } from './ebs-driver.ts'
import { refuseOtherLab } from './refuse-other-lab.ts'

const DAY_MS = 24 * 60 * 60_000
const UNUSED_DAYS = 14

export interface UpOptions {
  /** Those of a lab that is up already, or three, unless named. */
  readonly zones: number | undefined
  /** That of the machines of a lab that is up already, or t3.medium, unless named. */
  readonly instanceType: string | undefined
  /** Those of a lab that is up already, or EKS's, unless named. */
  readonly timers: Timers | undefined
  /** Those of a lab that is up already, or none, unless named. */
  readonly ec2: readonly Ec2Trait[] | undefined
  /** JSON of the policy that the harness's key is to have; that of a lab that is up, or none. */
  readonly iamPolicy: string | undefined
  readonly tied: boolean
  readonly seed: string | undefined
  /** Images that are built only when asked for. */
  readonly images: readonly OnDemand[]
}

export const labAccess = z.object({
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

/** How to reach a lab: what `lab up --json` prints. */
export type LabAccess = z.infer<typeof labAccess>

/** Brings a lab up, or finds it up already; tells every step on the way. */
export async function up(
  paths: LabPaths,
  options: UpOptions,
  onEvent: (event: BootEvent) => void,
): Promise<LabAccess> {
  const wantedDriver = await ebsDriver()
  const onProgress = (progress: ArtifactProgress): void => {
    if (progress.state !== 'present') onEvent(stepOf(progress))
  }
  const running = await liveDaemon(paths)
  if (running !== undefined) {
    const status = await readStatus(paths)
    refuseOtherLab(paths.name, { ...options, driver: wantedDriver }, status)
    // Its registry offers them as soon as they are there.
    await ensureArtifacts({ only: [], onDemand: options.images, onProgress })
    const { timers = 'eks', upstreamDriver, iamPolicy } = status
    return accessTo(paths, running.ports.ec2, { timers, upstreamDriver, iamPolicy, reused: true })
  }
  await mkdir(paths.root, { recursive: true })
  const { zones = 3 } = options
  await checkMachine(paths.root)
  await checkInotify(zones)
  if (cgroups.version === 2) {
    const text = 'cgroup v2 alone, where the scenarios were not yet run: docs/fidelity.md'
    onEvent({ step: 'host.cgroups', state: 'end', text, elapsedMs: 0 })
  }
  await removeLab(paths)
  await rm(`${paths.logs}.previous`, { recursive: true, force: true })
  await rename(paths.logs, `${paths.logs}.previous`).catch(() => undefined)
  await ensureHostPackages({
    onProgress: (progress) => {
      if (progress.state !== 'present') onEvent(stepOf({ artifact: 'host-packages', ...progress }))
    },
  })
  const timers = options.timers ?? 'eks'
  const artifacts = await ensureArtifacts({ onDemand: options.images, onProgress })
  await pruneCache(onEvent)
  try {
    const record = await launchDaemon({
      paths,
      onEvent,
      config: {
        name: paths.name,
        zones,
        instanceType: options.instanceType ?? DEFAULT_INSTANCE_TYPE,
        timers,
        ec2: [...(options.ec2 ?? [])],
        seed: options.seed ?? randomBytes(4).toString('hex'),
        tied: options.tied,
        ...(options.iamPolicy === undefined ? {} : { iamPolicy: options.iamPolicy }),
        artifacts: {
          binaries: artifacts.binaries,
          nodeRootfs: artifacts.nodeRootfs,
          cassandraRootfs: artifacts.cassandraRootfs,
          imageLayouts: [...artifacts.imageLayouts],
          ami: artifacts.ami,
          driver: artifacts.csiDriver,
        },
        ...(wantedDriver === undefined ? {} : { upstreamDriver: wantedDriver }),
      },
    })
    return accessTo(paths, record.ports.ec2, {
      timers,
      upstreamDriver: wantedDriver,
      iamPolicy: options.iamPolicy,
      reused: false,
    })
  } catch (error) {
    await removeLab(paths)
    throw error
  }
}

/** What no lab has used for a while goes, so that versions don't pile up. */
async function pruneCache(onEvent: (event: BootEvent) => void): Promise<void> {
  const begin = performance.now()
  const removed = await pruneArtifacts({ unusedForMs: UNUSED_DAYS * DAY_MS })
  if (removed.length === 0) return
  const text = `removed ${removed.length} artifacts of other versions, unused for ${UNUSED_DAYS} days`
  const elapsedMs = Math.round(performance.now() - begin)
  onEvent({ step: 'artifact.cache', state: 'end', text, elapsedMs })
}

function accessTo(
  paths: LabPaths,
  ec2Port: number,
  lab: {
    readonly timers: Timers
    readonly upstreamDriver: string | undefined
    readonly iamPolicy: string | undefined
    readonly reused: boolean
  },
): LabAccess {
  return {
    name: paths.name,
    kubeconfig: paths.kubeconfig,
    context: `zonefall-lab-${paths.name}`,
    region: REGION,
    ec2Endpoint: `http://127.0.0.1:${ec2Port}`,
    ...(lab.iamPolicy === undefined ? LAB_CREDENTIALS : RESTRICTED_CREDENTIALS),
    logs: paths.logs,
    kubernetesVersion: GO_MODULES['k8s.io/kubernetes'].version,
    images: imageTable(lab.upstreamDriver),
    differences: differencesOf(lab),
    reused: lab.reused,
  }
}

function stepOf(progress: {
  artifact: string
  step: string
  elapsedMs: number
  state: string
}): BootEvent {
  const { artifact, step: text, elapsedMs, state } = progress
  const step = `artifact.${artifact}`
  if (state === 'built' || state === 'installed') return { step, state: 'end', text, elapsedMs }
  if (state === 'failed') return { step, state: 'fail', text, elapsedMs }
  return { step, state: 'begin', text }
}
