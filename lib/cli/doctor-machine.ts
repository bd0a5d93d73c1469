import { constants, existsSync } from 'node:fs'
import { access, mkdir, readFile, statfs } from 'node:fs/promises'
import { arch, freemem, homedir, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { execFile } from 'node:child_process'
import type { Finding } from './doctor.ts'

const GIB = 1024 ** 3
const NEEDED_DISK_GIB = 10
const NEEDED_MEMORY_GIB = 4
const NEEDED_INOTIFY = 32
/** ext4's shutdown, nftables and overlayfs as the lab uses them. */
const NEEDED_KERNEL = [5, 10] as const

/** What the lab needs of this machine. */
export async function checkMachine(): Promise<Finding[]> {
  if (platform() !== 'linux') {
    return [
      problem(
        'system',
        `${platform()} ${release()}`,
        'The lab needs Linux; use a virtual machine.',
      ),
    ]
  }
  return [
    ok('system', `Linux ${release()} ${arch()}`),
    checkKernel(release()),
    checkRoot(process.getuid?.()),
    await checkCgroups(),
    await checkFileSystems(),
    await checkLoopDevices(),
    checkInotify(Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'))),
    await checkDisk(),
    checkMemory(),
    checkNode(process.versions.node),
    await checkTool('go', ['version'], 'apt-get install golang-go'),
    await checkTool('mvn', ['--version'], 'apt-get install maven'),
    await checkTool('mmdebstrap', ['--version'], 'apt-get install mmdebstrap'),
    await checkTool('mkfs.ext4', ['-V'], 'apt-get install e2fsprogs'),
    await checkTool('nft', ['--version'], 'apt-get install nftables'),
    await checkTool('ip', ['-V'], 'apt-get install iproute2'),
  ]
}

/** Whether the kernel is new enough; `version` as uname gives it. */
function checkKernel(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [needMajor, needMinor] = NEEDED_KERNEL
  const isNew = major > needMajor || (major === needMajor && minor >= needMinor)
  return isNew
    ? ok('kernel', version)
    : problem('kernel', version, `The lab needs Linux ${needMajor}.${needMinor} or newer.`)
}

/** Whether this is root. */
function checkRoot(uid: number | undefined): Finding {
  return uid === 0
    ? ok('root', 'yes')
    : problem('root', `no, user id ${uid}`, 'The lab makes namespaces and loop devices: use sudo.')
}

/** Whether this is Node 24. */
function checkNode(version: string): Finding {
  return Number.parseInt(version, 10) >= 24
    ? ok('node', version)
    : problem('node', version, 'npm ci brings Node 24; start zonefall by npx zonefall.')
}

async function checkCgroups(): Promise<Finding> {
  const folder = '/sys/fs/cgroup'
  if (existsSync(join(folder, 'cgroup.controllers'))) {
    const words = async (file: string) =>
      (await readFile(join(folder, file), 'utf8')).split(/\s+/).filter(Boolean)
    return checkUnifiedCgroups({
      available: await words('cgroup.controllers'),
      enabled: await words('cgroup.subtree_control'),
      // The kernel's own root has no type, and alone may hold processes beside other cgroups.
      isShut: existsSync(join(folder, 'cgroup.type')) && (await words('cgroup.procs')).length > 0,
    })
  }
  const missing = ['cpu', 'memory', 'pids', 'cpuset', 'devices', 'freezer'].filter(
    (name) => !existsSync(join(folder, name)),
  )
  return missing.length === 0
    ? ok('cgroups', 'v1 with cpu, memory, pids, cpuset, devices, freezer')
    : problem('cgroups', `without ${missing.join(', ')}`, 'Mount them below /sys/fs/cgroup.')
}

/**
 * Whether machines can have cgroups where v2 is all there is. `isShut`: this is a container whose
 * own cgroup holds processes, so that it can't hand out what it does not hand out yet.
 */
export function checkUnifiedCgroups(top: {
  readonly available: readonly string[]
  readonly enabled: readonly string[]
  readonly isShut: boolean
}): Finding {
  const needed = ['cpu', 'cpuset', 'memory', 'pids']
  const lacking = (from: readonly string[]) => needed.filter((name) => !from.includes(name))
  if (lacking(top.available).length > 0) {
    return problem(
      'cgroups',
      `v2 without ${lacking(top.available).join(', ')}`,
      'Enable them on the kernel command line; run a container with --cgroupns=host.',
    )
  }
  return top.isShut && lacking(top.enabled).length > 0
    ? problem(
        'cgroups',
        'v2, in a container whose cgroup holds processes',
        'Run the container with --privileged --cgroupns=host.',
      )
    : ok(
        'cgroups',
        `v2 with ${top.available.join(', ')}; v2 alone is not yet run end to end, see docs/fidelity.md`,
      )
}

async function checkFileSystems(): Promise<Finding> {
  const known = await readFile('/proc/filesystems', 'utf8')
  const missing = ['overlay', 'ext4', 'tmpfs'].filter((name) => !known.includes(`\t${name}\n`))
  return missing.length === 0
    ? ok('file systems', 'overlay, ext4, tmpfs')
    : problem('file systems', `without ${missing.join(', ')}`, `modprobe ${missing.join(' ')}`)
}

async function checkLoopDevices(): Promise<Finding> {
  try {
    await access('/dev/loop-control', constants.R_OK | constants.W_OK)
    return ok('loop devices', '/dev/loop-control can be opened')
  } catch {
    return problem(
      'loop devices',
      existsSync('/dev/loop-control')
        ? '/dev/loop-control may not be opened'
        : '/dev/loop-control is not there',
      'modprobe loop, and in a container pass /dev/loop-control through',
    )
  }
}

/** Whether a user may have as many inotify instances as the kubelets and servers of a lab take. */
export function checkInotify(instances: number): Finding {
  const text = `${instances} instances for a user, of which a lab of three zones takes ${NEEDED_INOTIFY}`
  return instances >= NEEDED_INOTIFY
    ? ok('inotify', text)
    : problem('inotify', text, 'sysctl -w fs.inotify.max_user_instances=1024')
}

async function checkDisk(): Promise<Finding> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'zonefall')
  try {
    await mkdir(cache, { recursive: true })
    const { bavail, bsize } = await statfs(cache)
    const freeGiB = (bavail * bsize) / GIB
    const text = `${freeGiB.toFixed(1)} GiB free for ${cache}`
    return freeGiB >= NEEDED_DISK_GIB
      ? ok('disk', text)
      : problem(
          'disk',
          text,
          `The lab needs ${NEEDED_DISK_GIB} GiB; point XDG_CACHE_HOME to a larger disk.`,
        )
  } catch (error) {
    return problem(
      'disk',
      `${cache} can't be used: ${error instanceof Error ? error.message : String(error)}`,
      'Point XDG_CACHE_HOME to a folder that can be written.',
    )
  }
}

function checkMemory(): Finding {
  const text = `${(totalmem() / GIB).toFixed(1)} GiB, ${(freemem() / GIB).toFixed(1)} free`
  return totalmem() >= NEEDED_MEMORY_GIB * GIB
    ? ok('memory', text)
    : problem(
        'memory',
        text,
        `The lab with a database of three nodes needs ${NEEDED_MEMORY_GIB} GiB.`,
      )
}

async function checkTool(name: string, args: readonly string[], todo: string): Promise<Finding> {
  try {
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
    const { stdout, stderr } = await promisify(execFile)(name, args, { timeout: 15_000, env })
    return ok(
      name,
      stripVTControlCharacters(stdout || stderr)
        .split('\n')[0]
        ?.trim() ?? '',
    )
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return problem(name, isMissing ? 'is not installed' : `does not work: ${String(error)}`, todo)
  }
}

function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text }
}

function problem(check: string, text: string, todo: string): Finding {
  return { check, state: 'problem', text, todo }
}
