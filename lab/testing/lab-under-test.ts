import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling'
import { EC2Client } from '@aws-sdk/client-ec2'
import { z } from 'zod'
import { type LabAccess, labAccess } from '../cli/up.ts'

const execFileAsync = promisify(execFile)
const MAIN = join(import.meta.dirname, '../cli/main.ts')
const UP_TIMEOUT_MS = 30 * 60_000
const failure = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() })

/** Runs `zonefall lab …` for the lab called `name`; gives its exit code and what it printed. */
export async function labCommand(
  name: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const done = await execFileAsync(process.execPath, [MAIN, '--name', name, ...args], {
      timeout: UP_TIMEOUT_MS,
      maxBuffer: 16 << 20,
    })
    return { code: 0, ...done }
  } catch (error) {
    const outcome = failure.safeParse(error)
    if (!outcome.success) throw error
    return outcome.data
  }
}

/** Boots a lab and says how to reach it. */
export async function labUp(name: string, ...args: string[]): Promise<LabAccess> {
  const { code, stdout, stderr } = await labCommand(name, 'up', '--json', ...args)
  if (code !== 0) throw new Error(`lab up: exit code ${code}\n${stderr}`)
  return labAccess.parse(JSON.parse(stdout))
}

/** Starts `lab up --tied` and leaves it running; closing its standard input ends the lab. */
export function spawnTiedLab(name: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, [MAIN, '--name', name, 'up', '--json', '--tied'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

/** An EC2 client of the lab, as a person's would be. */
export function ec2Client(access: LabAccess): EC2Client {
  return new EC2Client({
    region: access.region,
    endpoint: access.ec2Endpoint,
    credentials: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  })
}

/** An Auto Scaling client of the lab, as a person's would be. */
export function autoScalingClient(access: LabAccess): AutoScalingClient {
  return new AutoScalingClient({
    region: access.region,
    endpoint: access.ec2Endpoint,
    credentials: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  })
}

/** The Auto Scaling group of the lab's nodes. */
export async function nodeGroup(client: AutoScalingClient): Promise<AutoScalingGroup> {
  const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({}))
  const [group] = AutoScalingGroups
  if (group === undefined) throw new Error('the lab has no Auto Scaling group')
  return group
}

/** A command on one of the lab's machines; throws when it fails. */
export async function onMachine(name: string, node: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await labCommand(name, 'ssh', node, 'sh', '-c', script)
  if (code !== 0) throw new Error(`${script}: exit code ${code}\n${stderr}`)
  return stdout
}
