import { createHash } from 'node:crypto'
import { Command, Option } from 'commander'
import { stringify } from 'yaml'
import { GIVEN_TAG, listCopies, SOURCE_TAG } from '../aws/copies.ts'
import { tagOf } from '../aws/tags.ts'
import { loadManifests, type ManifestObject } from '../kube/manifests.ts'
import { adoptionObjects } from '../migrate/adoption-objects.ts'
import { applyAdoption, awaitAdopted } from '../migrate/apply-adoption.ts'
import { copyNodes, drainNodes } from '../migrate/copy-nodes.ts'
import type { MigrationFacts } from '../migrate/facts.ts'
import { markOf } from '../migrate/given-mark.ts'
import { type InstanceShell, shellOf } from '../migrate/instance-shell.ts'
import { type DrainFacts, judgeDrain } from '../migrate/judge-drain.ts'
import { type Finding, judgeMigration } from '../migrate/judge.ts'
import {
  type MigrationPlan,
  planMigration,
  VOLUME_FORMS,
  type VolumeForm,
} from '../migrate/plan.ts'
import { readFacts } from '../migrate/read-facts.ts'
import { readSource } from '../migrate/read-source.ts'
import { PreflightError } from '../model/errors.ts'
import type { TargetDescription } from '../model/target.ts'
import { labShell } from '../targets/lab-shell.ts'
import type { TargetOptions } from './choose-target.ts'
import { type MigrationTarget, whileLocked, withMigrationTarget } from './migration-target.ts'
import { markGiven } from './mark-given.ts'
import { list, namespaceName, oneOf } from './options.ts'
import { targetOptions } from './run.ts'

interface MigrateFlags extends TargetOptions {
  readonly from: readonly string[]
  readonly into: string
  readonly zones?: readonly string[]
  readonly template: string
  readonly onInstance?: string
  readonly snapshots?: readonly string[]
  readonly form: VolumeForm
  readonly fsType: string
  readonly undrained: boolean
  readonly id?: string
  readonly json?: boolean
}

/** All that a subcommand works with. */
interface Bench extends MigrationTarget {
  readonly flags: MigrateFlags
  readonly manifests: readonly ManifestObject[]
  readonly shell: InstanceShell | undefined
  readonly facts: MigrationFacts
  readonly findings: readonly Finding[]
  readonly token: string
}

/** `zonefall migrate`. */
export function migrateCommand(): Command {
  const migrate = new Command('migrate').description(
    'take a Cassandra on EC2 instances into a StatefulSet by copies of its volumes',
  )
  const example = (name: string): string =>
    `\nExample:\n  npx zonefall migrate ${name} --target eks --context staging --namespace db \\\n` +
    `    --from i-0a…,i-0b…,i-0c… --into ./cassandra --on-instance 'ssh ec2-user@{address}'`
  const one = (name: string, text: string, act: (bench: Bench) => Promise<void>): Command =>
    migrationOptions(targetOptions(new Command(name)))
      .description(text)
      .addHelpText('after', example(name))
      .exitOverride()
      .action((flags: MigrateFlags) => withBench(flags, name === 'run', act))
  migrate.addCommand(one('plan', 'say what would be made; reads only', printPlan))
  migrate.addCommand(
    one('check', 'say what speaks against it, and print the manifests; reads only', printCheck),
  )
  migrate.addCommand(one('run', 'drain, copy, and have the StatefulSet take over', runMigration))
  return migrate
}

function migrationOptions(command: Command): Command {
  return command
    .option('--namespace <name>', 'where the StatefulSet goes; default on the lab', namespaceName)
    .requiredOption(
      '--from <ids>',
      'the legacy instances, or the volumes that their databases are on, in the order of the pods',
      list,
    )
    .requiredOption('--into <path>', 'manifests of the StatefulSet, a file or a folder')
    .option('--template <name>', "the StatefulSet's claim template for the data", 'cassandra-data')
    .option('--zones <names>', "zone of each pod's copy; by default that of its instance", list)
    .option(
      '--on-instance <command>',
      'runs a command on an instance: {id} and {address} stand for its own',
    )
    .option('--snapshots <ids>', 'use these, in place of new ones', list)
    .addOption(
      new Option('--form <form>', 'of the persistent volumes: csi, in-tree')
        .argParser(oneOf(VOLUME_FORMS))
        .default('csi'),
    )
    .option('--fs-type <type>', 'file system on the volumes', 'ext4')
    .option(
      '--undrained',
      'go on although nobody drains databases that may serve: pods that reach them take their place',
      false,
    )
    .option(
      '--id <name>',
      'of the migration; the same goes on with what an earlier try made',
      namespaceName,
    )
    .option('--json', 'print JSON')
}

async function withBench(
  flags: MigrateFlags,
  changes: boolean,
  act: (bench: Bench) => Promise<void>,
): Promise<void> {
  if (flags.target !== 'lab' && flags.namespace === undefined) {
    throw new PreflightError('The namespace has to be named.', { hint: 'Add --namespace.' })
  }
  const manifests = await loadManifests(flags.into)
  await withMigrationTarget(flags, changes ? manifests : undefined, async (target) => {
    const { description } = target
    const shell = flags.onInstance === undefined ? labShell(description) : shellOf(flags.onInstance)
    const token = flags.id ?? tokenOf(description, flags)
    const bench = { ...target, flags, manifests, shell, token }
    const work = async (): Promise<void> => {
      const facts = await factsOf(bench)
      await act({ ...bench, facts, findings: await judge(bench, facts) })
    }
    await (changes ? whileLocked(token, work) : work())
  })
}

function factsOf(bench: Omit<Bench, 'facts' | 'findings'>): Promise<MigrationFacts> {
  const { description, flags, manifests, token } = bench
  const { from, template, zones, snapshots } = flags
  return readFacts(bench, {
    from,
    namespace: description.namespace,
    token,
    manifests,
    template,
    ...(zones === undefined ? {} : { zones }),
    ...(snapshots === undefined ? {} : { snapshots }),
  })
}

/** What speaks against it, and against going on with what an earlier try made. */
async function judge(
  bench: Omit<Bench, 'facts' | 'findings'>,
  facts: MigrationFacts,
): Promise<Finding[]> {
  const drain = await drainFacts(bench, facts)
  return [...judgeMigration(facts), ...judgeDrain(facts.source, drain)]
}

async function drainFacts(
  bench: Omit<Bench, 'facts' | 'findings'>,
  facts: MigrationFacts,
): Promise<DrainFacts> {
  const { clusterUid, ec2, flags, token } = bench
  // Volumes were written by a person, who applies them, too.
  const isByHand = facts.target.volumes.length > 0
  const { volumes, snapshots } = await listCopies(ec2, token)
  const mark = markOf(facts.target, clusterUid)
  return {
    token,
    givenTo: volumes.flatMap((one) => tagOf(one, GIVEN_TAG) ?? []).filter((one) => one !== mark),
    // Of a snapshot's own time, where it is still there.
    copiedAtMs: new Map([
      ...volumes.map(
        (one) => [tagOf(one, SOURCE_TAG) ?? '', one.CreateTime?.getTime() ?? 0] as const,
      ),
      ...snapshots.map(
        (one) => [tagOf(one, SOURCE_TAG) ?? '', one.StartTime?.getTime() ?? 0] as const,
      ),
    ]),
    ...(flags.snapshots === undefined
      ? {}
      : { snapshotsAtMs: facts.snapshots.map((one) => one.startedAtMs) }),
    willDrain: drains(bench) && !isByHand,
    isWaived: flags.undrained || isByHand,
  }
}

/** Snapshots that are made are of databases at rest, where there is a way to bring them there. */
const drains = ({ flags, shell }: Pick<Bench, 'flags' | 'shell'>): boolean =>
  shell !== undefined && flags.snapshots === undefined

/**
 * Looks again right before pods start: copying takes hours, in which a machine may have been booted.
 *
 * @throws PreflightError when a legacy database serves
 */
async function refuseServing(bench: Bench): Promise<void> {
  const { ec2, facts, flags, shell } = bench
  const source = await readSource(ec2, flags.from, shell)
  const drain = { ...(await drainFacts(bench, facts)), willDrain: false }
  // Of when the snapshots are it was told before.
  const findings = judgeDrain(source, drain).filter(({ id }) => id !== 'snapshots-given')
  printFindings(findings)
  refuse(findings)
}

/** The same for the same sources and the same place: a second try finds what the first one made. */
function tokenOf({ namespace, context }: TargetDescription, { from }: MigrateFlags): string {
  const what = [context, namespace, ...from].join(' ')
  return `migration-${createHash('sha256').update(what).digest('hex').slice(0, 10)}`
}

function planOf({ facts, flags, token }: Bench): MigrationPlan {
  return planMigration(facts, { token, form: flags.form, fsType: flags.fsType })
}

async function printPlan(bench: Bench): Promise<void> {
  const { findings, flags } = bench
  refuse(findings)
  const plan = planOf(bench)
  if (flags.json) {
    console.log(JSON.stringify({ plan, findings }, null, 2))
    return
  }
  printFindings(findings)
  console.log(`Migration ${plan.token}, into ${plan.namespace}/${plan.statefulSet}:`)
  for (const { instanceId, source, sourceZone, zone, ordinal, claim } of plan.nodes) {
    const move = sourceZone === zone ? `in ${zone}` : `from ${sourceZone} to ${zone}`
    console.log(
      `  ${instanceId} becomes ${plan.statefulSet}-${ordinal}: a copy of ${source.id}, ${source.sizeGiB} GiB of ${source.type}, ${move}, as ${claim}`,
    )
  }
  const snapshots =
    flags.snapshots === undefined ? 'CreateSnapshots for each' : 'the snapshots that are named'
  const drained = drains(bench) ? 'drain the instances' : 'nobody drains the instances'
  console.log(`Steps: ${drained}, ${snapshots}, CreateVolume from each, a`)
  console.log(`PersistentVolume (${plan.form}, Retain) and a claim for each, then the manifests.`)
  console.log('Nothing of the instances or their volumes is changed, detached or deleted.')
}

async function printCheck(bench: Bench): Promise<void> {
  const { findings, flags } = bench
  if (flags.json) console.log(JSON.stringify(findings, null, 2))
  else printFindings(findings)
  refuse(findings)
  if (flags.json) return
  const plan = planOf(bench)
  const objects = adoptionObjects(
    plan,
    plan.nodes.map(({ source }) => `COPY_OF_${source.id}`),
  )
  console.log(objects.map((object) => stringify(object)).join('---\n'))
}

async function runMigration(bench: Bench): Promise<void> {
  const { cluster, clusterUid, ec2, facts, findings, flags, manifests, shell } = bench
  const tell = (text: string): void => console.error(`  ${text}`)
  printFindings(findings)
  refuse(findings)
  if (facts.target.volumes.length > 0) {
    throw new PreflightError('The manifests bring their own PersistentVolumes.', {
      hint: 'Apply them with kubectl once `migrate check` finds nothing, or leave them out.',
    })
  }
  const plan = planOf(bench)
  console.error(`Migration ${plan.token}. If it is cut off, the same command goes on with it, and`)
  console.error(`  npx zonefall cleanup --migration ${plan.token} undoes it, on the same target.`)
  const running = facts.source.filter(({ state }) => state === 'running')
  if (shell !== undefined && drains(bench) && running.length > 0) {
    tell('drain the instances')
    await drainNodes(shell, running)
  }
  const volumeIds = await copyNodes(ec2, UNJOURNALED, plan, { scope: 'file', tell })
  await applyAdoption(cluster, plan, adoptionObjects(plan, volumeIds), manifests, {
    tell,
    beforePods: async () => {
      await refuseServing(bench)
      await markGiven(ec2, volumeIds, markOf(plan, clusterUid))
    },
  })
  tell(`wait for ${plan.nodes.length} pods`)
  await awaitAdopted(cluster, plan)
  const nodes = plan.nodes.map(({ ordinal, instanceId, zone, volume }) => {
    const volumeId = volumeIds[ordinal]
    return { pod: `${plan.statefulSet}-${ordinal}`, instanceId, zone, volume, volumeId }
  })
  if (flags.json) console.log(JSON.stringify({ token: plan.token, nodes }, null, 2))
  else
    for (const { pod, instanceId, volumeId } of nodes)
      console.log(`${pod} has ${volumeId}, the copy of ${instanceId}'s.`)
}

/** What a person has made is theirs: it is found again by the migration's id, and undone by nobody. */
const UNJOURNALED = {
  change: async <T>(_what: unknown, change: () => Promise<T>) => ({
    id: '',
    value: await change(),
  }),
  undone: () => undefined,
}

function printFindings(findings: readonly Finding[]): void {
  for (const { id, severity, text, todo } of findings) {
    console.error(`${severity.padEnd(7)} ${id}: ${text}`)
    console.error(`${' '.repeat(8)}→ ${todo}`)
  }
}

/** @throws PreflightError when something speaks against it */
function refuse(findings: readonly Finding[]): void {
  const against = findings.filter(({ severity }) => severity === 'refuse')
  const [first] = against
  if (first === undefined) return
  throw new PreflightError(
    against.length === 1
      ? `The migration is refused: ${first.text}`
      : `The migration is refused for ${against.length} reasons; the first: ${first.text}`,
    { hint: first.todo },
  )
}
