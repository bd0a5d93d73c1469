import { copyFile, mkdir, open, rm, truncate } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { BlockStore } from '../ec2/backend.ts'
import { LoopDevice } from './loop-device.ts'

/** What a machine offers so that a disk can be plugged into it. */
export interface DeviceHost {
  /** False while it is off: then its devices wait for the next power-on. */
  readonly isOn: boolean
  addDevice(device: string, minor: number): Promise<void>
  removeDevice(device: string): Promise<void>
  /** Shuts every file system on the device down, so that nothing unsynced reaches it any more. */
  shutDownFileSystems(minor: number): Promise<void>
}

interface Plugged {
  readonly instanceId: string
  readonly device: string
  readonly loop: LoopDevice
}

const GIB = 2 ** 30

/** EBS volumes as sparse files, snapshots as sparse copies of them, attachments as loop devices. */
export class FileBlockStore implements BlockStore {
  readonly #folder: string
  readonly #hosts: (instanceId: string) => DeviceHost | undefined
  readonly #plugged = new Map<string, Plugged>()

  constructor(folder: string, hosts: (instanceId: string) => DeviceHost | undefined) {
    this.#folder = folder
    this.#hosts = hosts
  }

  async create(volumeId: string, sizeGiB: number, fromSnapshotId?: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const file = this.#volumeFile(volumeId)
    if (fromSnapshotId === undefined) await (await open(file, 'wx', 0o600)).close()
    else await copyFile(this.#snapshotFile(fromSnapshotId), file, constants.COPYFILE_FICLONE)
    await truncate(file, sizeGiB * GIB)
  }

  async remove(volumeId: string): Promise<void> {
    await rm(this.#volumeFile(volumeId), { force: true })
  }

  async grow(volumeId: string, sizeGiB: number): Promise<void> {
    await truncate(this.#volumeFile(volumeId), sizeGiB * GIB)
    await this.#plugged.get(volumeId)?.loop.refreshSize()
  }

  async snapshot(volumeId: string, snapshotId: string): Promise<void> {
    await copyFile(
      this.#volumeFile(volumeId),
      this.#snapshotFile(snapshotId),
      constants.COPYFILE_FICLONE,
    )
  }

  async removeSnapshot(snapshotId: string): Promise<void> {
    await rm(this.#snapshotFile(snapshotId), { force: true })
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

  #snapshotFile(snapshotId: string): string {
    return join(this.#folder, `${snapshotId}.img`)
  }
}
