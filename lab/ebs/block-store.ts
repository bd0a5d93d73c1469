import { mkdir, open, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlockStore, Capture, SnapshotSize } from '../ec2/backend.ts'
import { LoopDevice } from './loop-device.ts'
import { SnapshotStore } from './snapshot-store.ts'

/** What a machine offers so that a disk can be plugged into it. */
export interface DeviceHost {
  /** False while it is off: then its devices wait for the next power-on. */
  readonly isOn: boolean
  addDevice(device: string, minor: number): Promise<void>
  removeDevice(device: string): Promise<void>
  /** Shuts every file system on the device down, so that nothing unsynced reaches it any more. */
  shutDownFileSystems(minor: number): Promise<void>
  /** Lets nothing be written to the file systems on the device until the result is called. */
  freezeFileSystems(minor: number): Promise<() => Promise<void>>
}

interface Plugged {
  readonly instanceId: string
  readonly device: string
  readonly loop: LoopDevice
}

const GIB = 2 ** 30
/** Copies of disks that are written to, before their file systems are held for one. */
const UNDISTURBED_ATTEMPTS = 5

/** EBS volumes as sparse files, snapshots as blocks of them, attachments as loop devices. */
export class FileBlockStore implements BlockStore {
  readonly #folder: string
  readonly #hosts: (instanceId: string) => DeviceHost | undefined
  readonly #plugged = new Map<string, Plugged>()
  readonly #snapshots: SnapshotStore

  constructor(folder: string, hosts: (instanceId: string) => DeviceHost | undefined) {
    this.#folder = folder
    this.#hosts = hosts
    this.#snapshots = new SnapshotStore(join(folder, 'snapshots'))
  }

  async create(volumeId: string, sizeGiB: number, fromSnapshotId?: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const file = this.#volumeFile(volumeId)
    await (await open(file, 'wx', 0o600)).close()
    await truncate(file, sizeGiB * GIB)
    if (fromSnapshotId !== undefined) await this.#snapshots.restore(fromSnapshotId, file)
  }

  async remove(volumeId: string): Promise<void> {
    await rm(this.#volumeFile(volumeId), { force: true })
  }

  async grow(volumeId: string, sizeGiB: number): Promise<void> {
    await truncate(this.#volumeFile(volumeId), sizeGiB * GIB)
    await this.#plugged.get(volumeId)?.loop.refreshSize()
  }

  /**
   * A copy is of one instant if nothing was written while it was made. Disks that are written to all
   * the time get a moment in which nothing is: then their file systems have synced all that they had,
   * which EBS does not ask of them.
   */
  async capture(disks: readonly Capture[]): Promise<void> {
    for (let attempt = 0; attempt < UNDISTURBED_ATTEMPTS; attempt++) {
      const before = await this.#writesOf(disks)
      await this.#copy(disks)
      if (before !== undefined && before === (await this.#writesOf(disks))) return
    }
    const thaws: (() => Promise<void>)[] = []
    try {
      for (const { volumeId } of disks) {
        const plugged = this.#plugged.get(volumeId)
        const host = plugged && this.#hosts(plugged.instanceId)
        if (host?.isOn) thaws.push(await host.freezeFileSystems(plugged!.loop.minor))
      }
      await this.#copy(disks)
    } finally {
      for (const thaw of thaws) await thaw()
    }
  }

  keep(snapshotId: string, parentId: string | undefined): Promise<SnapshotSize> {
    return this.#snapshots.keep(snapshotId, parentId)
  }

  removeSnapshot(snapshotId: string): Promise<void> {
    return this.#snapshots.remove(snapshotId)
  }

  async #copy(disks: readonly Capture[]): Promise<void> {
    for (const { volumeId, snapshotId } of disks) {
      await this.#snapshots.capture(this.#volumeFile(volumeId), snapshotId)
    }
  }

  /** What was written to the disks so far, in all; undefined while something is being written. */
  async #writesOf(disks: readonly Capture[]): Promise<string | undefined> {
    const loops = disks.flatMap(({ volumeId }) => this.#plugged.get(volumeId)?.loop ?? [])
    const counts = await Promise.all(loops.map((loop) => loop.writes()))
    return counts.includes(undefined) ? undefined : counts.join(' ')
  }

  async plug(volumeId: string, instanceId: string, device: string): Promise<void> {
    const loop = await LoopDevice.attach(this.#volumeFile(volumeId))
    this.#plugged.set(volumeId, { instanceId, device, loop })
    const host = this.#hosts(instanceId)
    if (host?.isOn) await host.addDevice(device, loop.minor)
  }

  async unplug(
    volumeId: string,
    instanceId: string,
    options: { force: boolean },
  ): Promise<'done' | 'busy'> {
    const plugged = this.#plugged.get(volumeId)
    if (plugged?.instanceId !== instanceId) return 'done'
    const host = this.#hosts(instanceId)
    if (host?.isOn && (await plugged.loop.isBusy())) {
      if (!options.force) return 'busy'
      await host.shutDownFileSystems(plugged.loop.minor)
    }
    if (host?.isOn) await host.removeDevice(plugged.device)
    this.#plugged.delete(volumeId)
    await plugged.loop.release()
    return 'done'
  }

  /** The disks that a machine must find in its /dev when it is powered on. */
  devicesOf(instanceId: string): { device: string; minor: number }[] {
    return [...this.#plugged.values()]
      .filter((plugged) => plugged.instanceId === instanceId)
      .map(({ device, loop }) => ({ device, minor: loop.minor }))
  }

  #volumeFile(volumeId: string): string {
    return join(this.#folder, `${volumeId}.img`)
  }
}
