import type { BlockStore, Machines, MachineSpec, Network, SubnetAcl } from '../backend.ts'

type Call = keyof Machines | keyof BlockStore | keyof Network
type Argument = string | number | undefined

/**
 * Machines and disks that exist only as names. It writes down every call, and everything in a
 * call that the real ones could not do (a plug without a disk, power on twice) as a violation.
 */
export interface InMemoryBackend {
  readonly machines: Machines
  readonly blocks: BlockStore
  readonly network: Network
  /** What the network was told last, by subnet. */
  readonly acls: ReadonlyMap<string, SubnetAcl>
  readonly calls: string[]
  readonly violations: string[]
  readonly power: ReadonlyMap<string, 'on' | 'off'>
  readonly specs: ReadonlyMap<string, MachineSpec>
  readonly disks: ReadonlyMap<string, { sizeGiB: number; plug: string | undefined }>
  readonly images: ReadonlySet<string>
  /** Volumes that their machine has mounted. */
  readonly mounted: Set<string>
  /** The machine goes off by itself. */
  crash(instanceId: string): void
  /** The next call of that name rejects. */
  failNext(call: Call): void
  /** The next call of that name doesn't return before the result is called. */
  holdNext(call: Call): () => void
}

export function createInMemoryBackend(): InMemoryBackend {
  const calls: string[] = []
  const violations: string[] = []
  const power = new Map<string, 'on' | 'off'>()
  const specs = new Map<string, MachineSpec>()
  const disks = new Map<string, { sizeGiB: number; plug: string | undefined }>()
  const images = new Set<string>()
  const captured = new Set<string>()
  const acls = new Map<string, SubnetAcl>()
  const mounted = new Set<string>()
  const failing = new Set<string>()
  const held = new Map<string, Promise<void>>()

  async function called(name: string, ...args: readonly Argument[]): Promise<void> {
    calls.push([name, ...args.filter((arg) => arg !== undefined)].join(' '))
    const gate = held.get(name)
    held.delete(name)
    await gate
    if (failing.delete(name)) throw new Error(`${name} was told to fail`)
  }
  const expect = (holds: boolean, words: string): void => {
    if (!holds) violations.push(`${words} (after ${calls.at(-1)})`)
  }
  const off = (id: string): void => {
    power.set(id, 'off')
    for (const [volumeId, disk] of disks) {
      if (disk.plug?.startsWith(`${id} `) === true) mounted.delete(volumeId)
    }
  }

  const machines: Machines = {
    async launch(spec) {
      expect(!power.has(spec.instanceId), 'launched twice')
      await called('launch', spec.instanceId)
      specs.set(spec.instanceId, spec)
      power.set(spec.instanceId, 'on')
    },
    async powerOn(id) {
      expect(power.get(id) === 'off', 'powered on, but not off')
      await called('powerOn', id)
      power.set(id, 'on')
    },
    async shutDown(id) {
      expect(power.has(id), 'shut down what is no machine')
      await called('shutDown', id)
      off(id)
    },
    async powerOff(id) {
      await called('powerOff', id)
      if (power.has(id)) off(id)
    },
    async destroy(id) {
      expect(power.get(id) !== 'on', 'destroyed while on')
      const plugged = [...disks.values()].some(({ plug }) => plug?.startsWith(`${id} `) === true)
      expect(!plugged, 'destroyed with a volume in it')
      await called('destroy', id)
      power.delete(id)
    },
  }
  const blocks: BlockStore = {
    async create(volumeId, sizeGiB, from) {
      expect(!disks.has(volumeId), 'made twice')
      expect(from === undefined || images.has(from), 'made from a snapshot that is not there')
      await called('create', volumeId, sizeGiB, from)
      disks.set(volumeId, { sizeGiB, plug: undefined })
    },
    async remove(volumeId) {
      expect(disks.get(volumeId)?.plug === undefined, 'removed while plugged in')
      await called('remove', volumeId)
      disks.delete(volumeId)
    },
    async grow(volumeId, sizeGiB) {
      const disk = disks.get(volumeId)
      expect(disk !== undefined && disk.sizeGiB < sizeGiB, 'grown wrongly')
      await called('grow', volumeId, sizeGiB)
      if (disk !== undefined) disk.sizeGiB = sizeGiB
    },
    async capture(all) {
      for (const { volumeId } of all) expect(disks.has(volumeId), 'copied what is no disk')
      await called('capture', ...all.flatMap(({ volumeId, snapshotId }) => [volumeId, snapshotId]))
      for (const { snapshotId } of all) captured.add(snapshotId)
    },
    async keep(snapshotId, parentId) {
      expect(captured.has(snapshotId), 'kept what was not captured')
      expect(parentId === undefined || images.has(parentId), 'shares with what is not there')
      await called('keep', snapshotId, parentId)
      expect(parentId === undefined || images.has(parentId), 'shares with what went meanwhile')
      images.add(snapshotId)
      return { fullBytes: 2 ** 20, newBytes: parentId === undefined ? 2 ** 20 : 2 ** 19 }
    },
    async removeSnapshot(snapshotId) {
      await called('removeSnapshot', snapshotId)
      captured.delete(snapshotId)
      images.delete(snapshotId)
    },
    async plug(volumeId, instanceId, device) {
      const disk = disks.get(volumeId)
      expect(disk !== undefined && disk.plug === undefined, 'plugged in, but not free')
      await called('plug', volumeId, instanceId, device)
      if (disk !== undefined) disk.plug = `${instanceId} ${device}`
    },
    async unplug(volumeId, instanceId, { force }) {
      const disk = disks.get(volumeId)
      expect(disk?.plug?.startsWith(`${instanceId} `) === true, 'unplugged, but not plugged in')
      await called('unplug', volumeId, instanceId, force ? 'force' : undefined)
      if (mounted.has(volumeId) && !force) return 'busy'
      mounted.delete(volumeId)
      if (disk !== undefined) disk.plug = undefined
      return 'done'
    },
  }
  const network: Network = {
    async setAcls(all) {
      await called('setAcls')
      acls.clear()
      for (const acl of all) acls.set(acl.subnetId, acl)
    },
  }
  return {
    machines,
    blocks,
    network,
    acls,
    calls,
    violations,
    power,
    specs,
    disks,
    images,
    mounted,
    crash: off,
    failNext: (call) => void failing.add(call),
    holdNext(call) {
      const gate = Promise.withResolvers<void>()
      held.set(call, gate.promise)
      return gate.resolve
    },
  }
}
