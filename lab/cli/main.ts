import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { IMAGES_ON_DEMAND, type OnDemand } from '../artifacts/recipe.ts'
import { type BootEvent, EC2_TRAITS, type Ec2Trait } from '../daemon/config.ts'
import { liveDaemon, removeLab } from '../daemon/remains.ts'
import { parsePolicy } from '../iam/policy.ts'
import { DEFAULT_INSTANCE_TYPE, INSTANCE_TYPES } from '../ec2/instances/instance-types.ts'
import { messageOf } from '../std/error-facts.ts'
import { LabError, LabRefusal } from '../std/lab-error.ts'
import { type LabPaths, labPaths } from '../std/paths.ts'
import { readStatus, setCapacity } from './control.ts'
import { createProgress } from './progress.ts'

const REFUSED_EXIT = 3
const BROKEN_EXIT = 5

const program = new Command('zonefall lab')
  .description(
    'A real three-zone Kubernetes on this machine, with an EC2 API that behaves like EC2.',
  )
  .option(
    '--name <name>',
    'which lab, when there are several: before the command, or ZONEFALL_LAB',
    process.env['ZONEFALL_LAB'] ?? 'default',
  )
  .enablePositionalOptions()
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Examples:
  npx zonefall lab up
  export KUBECONFIG=$(npx zonefall lab kubeconfig)
  npx zonefall lab ssh ip-10-0-1-10
  npx zonefall lab --name second up
  npx zonefall lab down`,
  )

const paths = (): LabPaths => {
  const { name } = program.opts<{ name: string }>()
  if (!/^[a-z0-9-]{1,20}$/.test(name)) {
    throw new LabRefusal(`a lab's name is 1 to 20 of a–z, 0–9 and -, not ${JSON.stringify(name)}`)
  }
  return labPaths(name)
}

program
  .command('up')
  .description('boots the lab, or finds it up; builds what is missing first')
  .option('--json', 'steps on stderr and access data on stdout, a line of JSON each')
  .option('--tied', 'the lab goes down when standard input ends')
  .option('--zones <n>', 'zones, with a machine in each; 3 by default', wholeNumber)
  .addOption(
    new Option(
      '--instance-type <type>',
      `EC2 type of the machines, ${DEFAULT_INSTANCE_TYPE} by default; a t2's or an m4's volume stays busy while it is mounted`,
    ).choices([...INSTANCE_TYPES.keys()]),
  )
  .addOption(
    new Option(
      '--timers <which>',
      "Kubernetes' timers as on EKS (the default), or shortened where flags can",
    ).choices(['eks', 'short']),
  )
  .option(
    '--ec2 <traits>',
    `what is hard about the real EC2, of ${EC2_TRAITS.join(',')}; by default its API is kind`,
    ec2Traits,
  )
  .option(
    '--iam-policy <file>',
    'the only policy of the key that is given out; by default it may do everything',
  )
  .option(
    '--images <names>',
    `images that are built only when asked for, also of a lab that is up: ${Object.keys(IMAGES_ON_DEMAND).join(',')}`,
    imagesOnDemand,
  )
  .option('--seed <text>', "what the EC2 API's ids and delays come out of")
  .addHelpText('after', '\nExample:\n  npx zonefall lab up --zones 2')
  .action(async (flags: UpFlags) => {
    const progress = flags.json ? printJsonEvent : createProgress(process.stderr)
    // The other commands, which scripts call often, are quicker without all that it takes.
    const { up } = await import('./up.ts')
    const access = await up(
      paths(),
      {
        zones: flags.zones,
        instanceType: flags.instanceType,
        timers: flags.timers,
        ec2: flags.ec2,
        iamPolicy: flags.iamPolicy && (await readPolicy(flags.iamPolicy)),
        tied: flags.tied ?? false,
        seed: flags.seed,
        images: flags.images ?? [],
      },
      progress,
    )
    if (flags.json) console.log(JSON.stringify(access))
    else {
      console.log(`The lab ${access.reused ? 'was up already' : 'is up'}. Use it with:`)
      console.log(`  export KUBECONFIG=${access.kubeconfig}`)
      const services = ['EC2', 'AUTO_SCALING', 'EKS', 'STS']
      const endpoints = services.map((name) => `AWS_ENDPOINT_URL_${name}=${access.ec2Endpoint}`)
      console.log(`  export ${endpoints.join(' ')} AWS_REGION=${access.region}`)
      console.log(
        `  export AWS_ACCESS_KEY_ID=${access.accessKeyId} AWS_SECRET_ACCESS_KEY=${access.secretAccessKey}`,
      )
    }
  })

program
  .command('down')
  .description('takes the lab down and leaves nothing but its logs')
  .addHelpText('after', '\nExample:\n  npx zonefall lab down')
  .action(async () => {
    const { wasUp } = await removeLab(paths())
    console.log(wasUp ? 'The lab is down.' : 'The lab was not up.')
  })

program
  .command('status')
  .description('machines, node group and volumes of the lab; exits 1 when it is down')
  .option('--json', 'as JSON')
  .addHelpText('after', '\nExample:\n  npx zonefall lab status --json')
  .action(async (flags: { json?: true }) => {
    if (!(await isUp())) {
      console.log(flags.json ? JSON.stringify({ state: 'down' }) : 'The lab is down.')
      process.exitCode = 1
      return
    }
    const status = await readStatus(paths())
    if (flags.json) {
      console.log(JSON.stringify(status))
      return
    }
    console.log(`The lab is ${status.state}.`)
    for (const { node, instanceId, zone, on } of status.machines) {
      console.log(`  ${node}  ${instanceId}  ${zone}  ${on ? 'on' : 'off'}`)
    }
    for (const { name, desired, inService, suspended } of status.groups) {
      const halted = suspended.length === 0 ? '' : `, suspended: ${suspended.join(' ')}`
      console.log(`  ${name}  ${inService} of ${desired} in service${halted}`)
    }
    for (const { name, capacity } of status.zones) {
      if (!capacity) console.log(`  ${name}  has no capacity`)
    }
    for (const { volumeId, state } of status.volumes) console.log(`  ${volumeId}  ${state}`)
  })

program
  .command('capacity')
  .description('lets launches and starts in a zone fail for want of capacity, or succeed again')
  .argument('<zone>', 'name of the zone')
  .addArgument(new Argument('<capacity>', 'whether it has any').choices(['on', 'off']))
  .addHelpText('after', '\nExample:\n  npx zonefall lab capacity us-east-1a off')
  .action(async (zone: string, capacity: 'on' | 'off') => {
    await requireUp()
    await setCapacity(paths(), zone, capacity === 'on')
    console.log(`Zone ${zone} has ${capacity === 'on' ? '' : 'no '}capacity.`)
  })

program
  .command('ssh')
  .description('a shell, or one command, on a machine of the lab')
  .argument('<node>', 'node name, its first part, or instance id')
  .argument('[command...]', 'what to run; a shell by default')
  .passThroughOptions()
  .addHelpText('after', '\nExample:\n  npx zonefall lab ssh ip-10-0-1-10 lsblk')
  .action(async (node: string, command: string[]) => {
    const daemon = await requireUp()
    const { machines } = await readStatus(paths())
    const machine = machines.find(
      (m) => m.instanceId === node || m.node === node || m.node.split('.')[0] === node,
    )
    if (machine === undefined) {
      const offered = machines.map((m) => m.node).join(', ')
      throw new LabRefusal(`there is no machine ${node} in the lab; there are ${offered}`)
    }
    if (!machine.on) throw new LabError(`${machine.node} is off`)
    // As in `kubectl exec`, a -- may part the command from what comes before it.
    const [first, ...rest] = command
    const given = first === '--' ? rest : command
    const inside = given.length === 0 ? ['/bin/bash', '-l'] : given
    // The first step enters the lab, where the second one's process id means something.
    const enterLab = ['--target', String(await childPid(daemon.pid)), '--mount', '--pid', '--net']
    const enterMachine = ['-t', String(machine.initPid), '-m', '-u', '-i', '-n', '-p', '-C']
    const { status } = spawnSync(
      'nsenter',
      [...enterLab, 'nsenter', ...enterMachine, '--', ...inside],
      {
        stdio: 'inherit',
        // As with ssh nothing of the caller's environment comes along, but for the terminal.
        env: {
          HOME: '/root',
          USER: 'root',
          PATH: `/opt/zonefall/bin:${SYSTEM_PATH}`,
          TERM: process.env['TERM'],
        },
      },
    )
    process.exitCode = status ?? BROKEN_EXIT
  })

program
  .command('kubeconfig')
  .description("prints the path of the lab's kubeconfig")
  .addHelpText('after', '\nExample:\n  export KUBECONFIG=$(npx zonefall lab kubeconfig)')
  .action(async () => {
    await requireUp()
    console.log(paths().kubeconfig)
  })

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface UpFlags {
  json?: true
  tied?: true
  zones?: number
  instanceType?: string
  timers?: 'eks' | 'short'
  ec2?: Ec2Trait[]
  iamPolicy?: string
  seed?: string
  images?: OnDemand[]
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : REFUSED_EXIT
  } else {
    printError(error)
    process.exitCode = error instanceof LabRefusal ? REFUSED_EXIT : BROKEN_EXIT
  }
}

async function isUp(): Promise<boolean> {
  return (await liveDaemon(paths())) !== undefined
}

async function requireUp(): Promise<{ pid: number }> {
  const daemon = await liveDaemon(paths())
  if (daemon === undefined) {
    throw new LabRefusal('the lab is down', { hint: 'Boot it with `npx zonefall lab up`.' })
  }
  return daemon
}

/** PID 1 of the lab, by its number on the host: `unshare --fork` has just this child. */
async function childPid(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0])
}

function printError(error: unknown): void {
  const message = messageOf(error)
  const { hint, log } = error instanceof LabError ? error : {}
  if (process.argv.includes('--json')) {
    console.error(JSON.stringify({ error: message, hint, log }))
    return
  }
  console.error(`error: ${message}`)
  if (hint !== undefined) console.error(`  ${hint}`)
  if (log !== undefined) console.error(`  The log is ${log}.`)
  if (!(error instanceof LabError)) console.error(error)
}

function printJsonEvent(event: BootEvent): void {
  if ('step' in event) console.error(JSON.stringify(event))
}

/** A policy's JSON, if the lab can evaluate it. Throws LabRefusal. */
async function readPolicy(file: string): Promise<string> {
  try {
    const json = await readFile(file, 'utf8')
    parsePolicy(json)
    return json
  } catch (error) {
    throw new LabRefusal(messageOf(error), { cause: error })
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-6]$/.test(text))
    throw new InvalidArgumentError('It must be a whole number from 1 to 6.')
  return Number(text)
}

function imagesOnDemand(text: string): OnDemand[] {
  return [...new Set(text.split(','))].map((one) => {
    if (!isOnDemand(one)) {
      throw new InvalidArgumentError(
        `It must be some of ${Object.keys(IMAGES_ON_DEMAND).join(',')}.`,
      )
    }
    return one
  })
}

function isOnDemand(text: string): text is OnDemand {
  return text in IMAGES_ON_DEMAND
}

function ec2Traits(text: string): Ec2Trait[] {
  return [...new Set(text.split(','))].map((one) => {
    const trait = EC2_TRAITS.find((name) => name === one)
    if (trait === undefined) {
      throw new InvalidArgumentError(`It must be some of ${EC2_TRAITS.join(',')}.`)
    }
    return trait
  })
}
