import { join } from 'node:path'
import type { DeviceHost, FileBlockStore } from '../ebs/block-store.ts'
import type { Machines, MachineSpec } from '../ec2/backend.ts'
import type { LabZone, Vpc } from '../network/vpc.ts'
import { Machine, type MachineSetup } from './machine.ts'

/** Where a machine lives: what its image needs to know to prepare it. */
export interface MachineSite {
  readonly folder: string
  /** Upper layer of its root file system: what is written here is on its root disk. */
  readonly rootDisk: string
  readonly cgroup: string
  /** Addresses for the pods of this machine, routed to it by the VPC's router. */
  readonly podCidr: string
}

/** What an AMI is here: how a new machine's root disk is made. */
export interface MachineImage {
  readonly id: string
  firstBoot(spec: MachineSpec, site: MachineSite): Promise<MachineSetup>
}

interface Resident {
  readonly machine: Machine
  readonly site: MachineSite
  readonly setup: MachineSetup
}

export interface LabMachinesOptions {
  readonly cgroupPrefix: string
  readonly folder: string
  readonly logs: string
  readonly vpc: Vpc
  readonly zones: readonly LabZone[]
  readonly images: readonly MachineImage[]
  /** Told when a machine goes off without having been asked to. */
  readonly onDeath: (instanceId: string) => void
}

/** All machines of a lab, by instance id. */
export class LabMachines implements Machines {
  readonly #options: LabMachinesOptions
  readonly #residents = new Map<string, Resident>()
  #blocks: FileBlockStore | undefined
  #launched = 0

  constructor(options: LabMachinesOptions) {
    this.#options = options
  }

  /** The disks to plug in at power-on; set once, because machines and disks know each other. */
  useBlocks(blocks: FileBlockStore): void {
    this.#blocks = blocks
  }

  async launch(spec: MachineSpec): Promise<void> {
    const { cgroupPrefix, folder, logs, vpc, zones, images, onDeath } = this.#options
    const zone = zones.find(({ name }) => name === spec.zone)
    const image = images.find(({ id }) => id === spec.imageId)
    if (zone === undefined) throw new Error(`there is no zone ${spec.zone} in this lab`)
    if (image === undefined) throw new Error(`there is no image ${spec.imageId} in this lab`)
    this.#launched += 1
    const home = join(folder, spec.instanceId)
    const site: MachineSite = {
      folder: home,
      rootDisk: join(home, 'upper'),
      cgroup: `${cgroupPrefix}${spec.instanceId}`,
      podCidr: `10.1.${this.#launched}.0/24`,
    }
    const machine = new Machine({
      spec,
      folder: home,
      cgroup: site.cgroup,
      netns: spec.instanceId,
      logs: join(logs, spec.privateDnsName),
      onDeath,
    })
    const [setup] = await Promise.all([
      image.firstBoot(spec, site),
      vpc.plug(spec.instanceId, zone, spec.privateIp, site.podCidr),
    ])
    this.#residents.set(spec.instanceId, { machine, site, setup })
    await machine.powerOn(setup, this.#devices(spec.instanceId))
  }

  async powerOn(instanceId: string): Promise<void> {
    const { machine, setup } = this.#resident(instanceId)
    await this.#options.vpc.setLink(machine.spec.privateIp, 'up')
    await machine.powerOn(setup, this.#devices(instanceId))
  }

  async shutDown(instanceId: string): Promise<void> {
    const { machine } = this.#resident(instanceId)
    await machine.shutDown()
    await this.#options.vpc.setLink(machine.spec.privateIp, 'down')
  }

  async powerOff(instanceId: string): Promise<void> {
    const { machine } = this.#resident(instanceId)
    // The cable first: whatever still runs for a moment must not say goodbye to its peers.
    await this.#options.vpc.setLink(machine.spec.privateIp, 'down')
    await machine.powerOff()
  }

  async destroy(instanceId: string): Promise<void> {
    const { machine, site } = this.#resident(instanceId)
    this.#residents.delete(instanceId)
    await this.#options.vpc.unplug(instanceId, site.podCidr)
    await machine.destroy()
  }

  /** The machine as the block store sees it; undefined until it is launched. */
  host(instanceId: string): DeviceHost | undefined {
    return this.#residents.get(instanceId)?.machine
  }

  /** By instance id or private DNS name; undefined when there is none. */
  find(name: string): Machine | undefined {
    for (const { machine } of this.#residents.values()) {
      if (machine.spec.instanceId === name || machine.spec.privateDnsName === name) return machine
    }
    return undefined
  }

  get all(): Machine[] {
    return [...this.#residents.values()].map(({ machine }) => machine)
  }

  #devices(instanceId: string): { device: string; minor: number }[] {
    return this.#blocks?.devicesOf(instanceId) ?? []
  }

  #resident(instanceId: string): Resident {
    const resident = this.#residents.get(instanceId)
    if (resident === undefined) throw new Error(`there is no machine ${instanceId} in this lab`)
    return resident
  }
}
