/**
 * What the EC2 API asks of the machines, volumes and network beneath it. The API keeps the state machines
 * (pending … terminated, attaching … detached); what is behind these interfaces does the work.
 */

/** What a machine is made from; fixed for its life. */
export interface MachineSpec {
  readonly instanceId: string
  readonly zone: string
  readonly subnetId: string
  readonly privateIp: string
  /** `ip-10-0-1-10.ec2.internal` */
  readonly privateDnsName: string
  readonly instanceType: string
  readonly imageId: string
  /** Decoded user data, run by the machine at its first boot. */
  readonly userData: string
}

export interface Machines {
  /** Creates the machine's disks and network and powers it on; resolves when its init runs. */
  launch(spec: MachineSpec): Promise<void>
  /** Powers a stopped machine on again, on its old root disk. Volumes are plugged in before. */
  powerOn(instanceId: string): Promise<void>
  /** Orderly: the OS shuts down, services get SIGTERM; resolves when it is off. */
  shutDown(instanceId: string): Promise<void>
  /**
   * The plug is pulled: nothing unsynced reaches a volume. Resolves when it is off, at once if it
   * is already; may come while a `shutDown` is under way.
   */
  powerOff(instanceId: string): Promise<void>
  /** Removes a machine that is off, its root disk and its network interface. */
  destroy(instanceId: string): Promise<void>
}

/** A rule of a network ACL; the first one that a packet matches decides. */
export interface AclRule {
  readonly action: 'allow' | 'deny'
  /** The protocol's number; `-1` is every protocol. */
  readonly protocol: string
  /** Of the other side: a packet's source on its way in, its destination on its way out. */
  readonly cidr: string
  /** Of the destination, in both directions; undefined is every port. */
  readonly ports: { readonly from: number; readonly to: number } | undefined
  /** -1 is every type, or every code. */
  readonly icmp: { readonly type: number; readonly code: number } | undefined
}

/** What may enter and leave a subnet, in the order in which it is tried; the rest is dropped. */
export interface SubnetAcl {
  readonly subnetId: string
  readonly ingress: readonly AclRule[]
  readonly egress: readonly AclRule[]
}

export interface Network {
  /**
   * Packets between subnets obey these from now on, in place of all that were before; resolves
   * when they do. There is no state: an established stream is cut like any other, and hangs.
   */
  setAcls(acls: readonly SubnetAcl[]): Promise<void>
}

/** A disk to be copied, and the snapshot that the copy is to be. */
export interface Capture {
  readonly volumeId: string
  readonly snapshotId: string
}

/** In bytes, by whole blocks: all that a snapshot holds, and what no earlier one does. */
export interface SnapshotSize {
  readonly fullBytes: number
  readonly newBytes: number
}

export interface BlockStore {
  /** Makes a volume's disk: zeroes, or the content of a snapshot. */
  create(volumeId: string, sizeGiB: number, fromSnapshotId?: string): Promise<void>
  remove(volumeId: string): Promise<void>
  /** Grows a volume's disk; the file system is the caller's affair. */
  grow(volumeId: string, sizeGiB: number): Promise<void>
  /**
   * Copies disks as all of them are at one instant before this resolves, whatever writes to them:
   * a file system on one is as after a power cut.
   */
  capture(disks: readonly Capture[]): Promise<void>
  /** Keeps a captured disk; what of its blocks is the same in `parentId` is kept once. */
  keep(snapshotId: string, parentId: string | undefined): Promise<SnapshotSize>
  /** Removes a snapshot that is captured or kept; what others share with it stays. */
  removeSnapshot(snapshotId: string): Promise<void>
  /**
   * Makes the disk appear as `device` in the machine's own /dev, or remembers it until it is on:
   * while it is off, and before its `launch` too. It stays plugged over a power-off and back on.
   */
  plug(volumeId: string, instanceId: string, device: string): Promise<void>
  /**
   * Takes the device away. While something on the machine has it mounted or open the answer is
   * `busy` and nothing changes; with `force` its file system is shut down first, so that every
   * later access is an I/O error.
   */
  unplug(
    volumeId: string,
    instanceId: string,
    options: { force: boolean },
  ): Promise<'done' | 'busy'>
}
