import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceHost } from '../ebs/block-store.ts'
import type { MachineSpec } from '../ec2/backend.ts'
import { codeOf } from '../std/error-facts.ts'
import { LabError } from '../std/lab-error.ts'
import { run } from '../std/run.ts'
import { until } from '../std/until.ts'
import { cgroups } from './cgroups.ts'

/** What a machine is started with beside its spec; comes from its image. */
export interface MachineSetup {
  /** The lower layers of its overlay, topmost first, with colons between them. */
  readonly rootfs: string
  /** Files and folders of the daemon's file system that the machine sees. */
  readonly binds: readonly { source: string; target: string; writable?: boolean }[]
}

export interface MachineOptions {
  readonly spec: MachineSpec
  readonly folder: string
  readonly cgroup: string
  /** Name of its network namespace. */
  readonly netns: string
  /** Console and service logs go here. */
  readonly logs: string
  /** Told when it goes off without having been asked to. */
  readonly onDeath: (instanceId: string) => void
}

const INIT = join(import.meta.dirname, 'init.sh')
/** TERM to everything takes 10 s at most in `services.sh`; the rest is slack. */
const SHUTDOWN_TIMEOUT_MS = 20_000

/**
 * One EC2 instance: PID 1 of a set of namespaces, over an overlay of its image. Killing that one
 * process takes everything with it, which is what pulling the plug does.
 */
export class Machine implements DeviceHost {
  readonly spec: MachineSpec
  readonly #options: MachineOptions
  #unshare: ChildProcess | undefined
  #initPid: number | undefined
  #goingDown = false
  /** Until then a file system is held, and one that is held can't be unmounted. */
  #thawed: Promise<void> = Promise.resolve()

  constructor(options: MachineOptions) {
    this.spec = options.spec
    this.#options = options
  }

  get isOn(): boolean {
    return this.#initPid !== undefined
  }

  /** Process id of its init, in the daemon's PID namespace; undefined while it is off. */
  get initPid(): number | undefined {
    return this.#initPid
  }

  /** Starts it; resolves when its services are being started. */
  async powerOn(
    setup: MachineSetup,
    devices: readonly { device: string; minor: number }[],
  ): Promise<void> {
    const { spec, folder, cgroup, netns, logs } = this.#options
    await mkdir(logs, { recursive: true })
    await mkdir(folder, { recursive: true })
    await cgroups.prepare(cgroup)
    const console_ = openSync(join(logs, 'console.log'), 'a')
    const child = spawn(
      'nsenter',
      [
        `--net=/run/netns/${netns}`,
        'unshare',
        '--mount',
        '--pid',
        '--uts',
        '--ipc',
        '--fork',
        '--kill-child=SIGKILL',
        '/bin/bash',
        INIT,
      ],
      {
        stdio: ['ignore', console_, console_],
        env: {
          PATH: process.env['PATH'],
          MACHINE: folder,
          ROOTFS: setup.rootfs,
          CGROUP: cgroup,
          CGROUP_VERSION: String(cgroups.version),
          HOSTNAME_FQDN: spec.privateDnsName,
          DEVICES: devices.map((d) => `${d.device.replace('/dev/', '')}:${d.minor}`).join(' '),
          BINDS: [...setup.binds, { source: logs, target: '/var/log/zonefall', writable: true }]
            .map((bind) => `${bind.source}:${bind.target}:${bind.writable ? 'rw' : 'ro'}`)
            .join(' '),
        },
      },
    )
    closeSync(console_)
    this.#unshare = child
    this.#goingDown = false
    child.once('exit', () => this.#hasEnded())
    this.#initPid = await until(
      `starting the init of ${spec.instanceId}`,
      { timeoutMs: 10_000, intervalMs: 10, log: join(logs, 'console.log') },
      () => {
        if (child.exitCode !== null) throw new Error(`its init ended with ${child.exitCode}`)
        return childOf(child.pid)
      },
    )
    await until(
      `the boot of ${spec.instanceId}`,
      { timeoutMs: 15_000, intervalMs: 10, log: join(logs, 'console.log') },
      async () => {
        if (!this.isOn) {
          throw new LabError(`${spec.instanceId} died while it booted`, {
            log: join(logs, 'console.log'),
          })
        }
        const command = await readFile(`/proc/${this.#initPid}/cmdline`, 'utf8')
        return command.includes('services.sh') ? true : undefined
      },
    )
  }

  /** Orderly: services get SIGTERM, file systems are synced; resolves when it is off. */
  async shutDown(): Promise<void> {
    await this.#thawed
    if (this.#initPid === undefined) return
    this.#goingDown = true
    process.kill(this.#initPid, 'SIGTERM')
    await this.#off(SHUTDOWN_TIMEOUT_MS).catch(() => this.powerOff())
    await cgroups.remove(this.#options.cgroup)
  }

  /**
   * Pulls the plug. A mount namespace that is killed unmounts cleanly, which a power cut does not;
   * so every process is frozen first and the disks' file systems are shut down under it. Killed
   * before they thaw, the processes never see an I/O error and can't say goodbye to their peers.
   */
  async powerOff(): Promise<void> {
    await this.#thawed
    if (this.#initPid === undefined) return
    this.#goingDown = true
    const { cgroup } = this.#options
    await cgroups.freeze(cgroup)
    for (const mount of await this.#mountsOfDisks()) await this.#shutDownFileSystem(mount.path)
    for (const pid of await cgroups.processesOf(cgroup)) killIfThere(pid)
    await cgroups.thaw(cgroup)
    await this.#off(10_000)
    await cgroups.remove(cgroup)
  }

  /** Forgets its disks' contents; it must be off. */
  async destroy(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true })
  }

  async addDevice(device: string, minor: number): Promise<void> {
    if (!device.startsWith('/dev/sd')) {
      await this.run(['sh', '-c', `rm -f ${device} && mknod ${device} b 7 ${minor}`])
      return
    }
    // A Nitro machine has it as the next NVMe disk, and Amazon Linux a link of the name asked for.
    const script = `n=1; while [ -e /dev/nvme\${n}n1 ]; do n=$((n + 1)); done
      mknod /dev/nvme\${n}n1 b 7 ${minor} && ln -sfn nvme\${n}n1 ${device}`
    await this.run(['sh', '-c', script])
  }

  async removeDevice(device: string): Promise<void> {
    await this.run(['sh', '-c', `rm -f "$(readlink -f ${device})" ${device}`])
  }

  async shutDownFileSystems(minor: number): Promise<void> {
    for (const mount of await this.#mountsOfDisks()) {
      if (mount.minor === minor) await this.#shutDownFileSystem(mount.path)
    }
  }

  /** Syncs them first, as the kernel does before it holds a file system. */
  async freezeFileSystems(minor: number): Promise<() => Promise<void>> {
    const frozen: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#thawed
    this.#thawed = Promise.all([before, promise]).then(() => undefined)
    const thaw = async (): Promise<void> => {
      for (const path of frozen.splice(0)) await this.#fsfreeze('--unfreeze', path)
      resolve()
    }
    try {
      for (const mount of await this.#mountsOfDisks()) {
        if (mount.minor !== minor) continue
        await this.#fsfreeze('--freeze', mount.path)
        frozen.push(mount.path)
      }
    } catch (error) {
      await thaw()
      throw error
    }
    return thaw
  }

  async #fsfreeze(option: string, path: string): Promise<void> {
    await run('nsenter', ['-t', String(this.#initPid), '-m', 'fsfreeze', option, path])
  }

  /** Runs a command of the machine's image inside the machine, as its root. */
  async run(command: readonly string[]): Promise<string> {
    if (this.#initPid === undefined) throw new Error(`${this.spec.instanceId} is off`)
    return run('nsenter', [...this.enterArguments(), ...command])
  }

  /** What `nsenter` needs to get in. */
  enterArguments(): string[] {
    return ['-t', String(this.#initPid), '-m', '-u', '-i', '-n', '-p', '-C']
  }

  async #shutDownFileSystem(path: string): Promise<void> {
    // FS_IOC_SHUTDOWN without a log flush, as xfstests do it for a power failure.
    await run('nsenter', [
      '-t',
      String(this.#initPid),
      '-m',
      'xfs_io',
      '-x',
      '-c',
      'shutdown',
      path,
    ])
  }

  /** One mount point per plugged disk that is mounted anywhere on the machine. */
  async #mountsOfDisks(): Promise<{ path: string; minor: number }[]> {
    const info = await readFile(`/proc/${this.#initPid}/mountinfo`, 'utf8')
    const byMinor = new Map<number, string>()
    for (const line of info.split('\n')) {
      const [, , device = '', , path = ''] = line.split(' ')
      const [major, minor] = device.split(':').map(Number)
      // /dev/loopN: https://docs.kernel.org/admin-guide/devices.html
      if (major === 7 && minor !== undefined && !byMinor.has(minor)) {
        byMinor.set(minor, path.replaceAll('\\040', ' '))
      }
    }
    return [...byMinor].map(([minor, path]) => ({ path, minor }))
  }

  async #off(timeoutMs: number): Promise<void> {
    const child = this.#unshare
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await once(child, 'exit', { signal: AbortSignal.timeout(timeoutMs) })
  }

  #hasEnded(): void {
    this.#initPid = undefined
    this.#unshare = undefined
    if (!this.#goingDown) this.#options.onDeath(this.spec.instanceId)
  }
}

/** `unshare --fork` has one child: the init. */
async function childOf(pid: number | undefined): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim() === '' ? undefined : Number(children.trim().split(' ')[0])
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}
