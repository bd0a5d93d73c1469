import { writeFile } from 'node:fs/promises'
import type { Network, SubnetAcl } from '../ec2/backend.ts'
import { run } from '../std/run.ts'
import { aclRuleset, type PodRoute } from './acl-ruleset.ts'

/** A zone of the lab's region and its one subnet. */
export interface LabZone {
  /** `us-east-1a` */
  readonly name: string
  /** `use1-az1` */
  readonly id: string
  readonly subnetId: string
  /** `10.0.1.0/24`; the router has its first address. */
  readonly cidr: string
  readonly gateway: string
}

export const REGION = 'us-east-1'
export const VPC_ID = 'vpc-00000000000000001'
export const VPC_CIDR = '10.0.0.0/16'
export const ACCOUNT_ID = '000000000000'
/** Outside every zone's subnet, as EKS's managed control plane is: API server, EC2 API, registry. */
export const CONTROL_PLANE_IP = '10.0.0.2'
export const CONTROL_PLANE_SUBNET = { subnetId: 'subnet-00000000000000000', cidr: '10.0.0.0/24' }
export const POD_CIDR = '10.1.0.0/16'
export const SERVICE_CIDR = '10.100.0.0/16'
export const DNS_SERVICE_IP = '10.100.0.10'
const MAX_ZONES = 6

/** The first `count` zones of the region. */
export function labZones(count: number): LabZone[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_ZONES) {
    throw new RangeError(`a lab has 1 to ${MAX_ZONES} zones, not ${count}`)
  }
  return Array.from({ length: count }, (_, index) => ({
    name: `${REGION}${'abcdef'[index]}`,
    id: `use1-az${index + 1}`,
    subnetId: `subnet-0000000000000000${index + 1}`,
    cidr: `10.0.${index + 1}.0/24`,
    gateway: `10.0.${index + 1}.1`,
  }))
}

const bridgeOf = (zone: LabZone) => `zone-${zone.name.at(-1)}`

/**
 * The lab's network, inside the daemon's own network namespace: a bridge per zone and a router
 * between them, which is the namespace itself. Machines hang on their zone's bridge.
 */
export class Vpc implements Network {
  readonly #zones: readonly LabZone[]
  readonly #podRoutes = new Map<string, PodRoute>()
  #acls: readonly SubnetAcl[] | undefined
  #applying: Promise<void> = Promise.resolve()

  constructor(zones: readonly LabZone[]) {
    this.#zones = zones
  }

  /** Lays the bridges and turns the namespace into the router. */
  async create(): Promise<void> {
    const commands = [
      'link set lo up',
      'link add vpc0 type bridge',
      `addr add ${CONTROL_PLANE_IP}/24 dev vpc0`,
      'link set vpc0 up',
      ...this.#zones.flatMap((zone) => [
        `link add ${bridgeOf(zone)} type bridge`,
        `addr add ${zone.gateway}/24 dev ${bridgeOf(zone)}`,
        `link set ${bridgeOf(zone)} up`,
        // What the control plane sends bears its own address, not the zone's gateway's.
        `route replace ${zone.cidr} dev ${bridgeOf(zone)} src ${CONTROL_PLANE_IP}`,
      ]),
    ]
    for (const command of commands) await run('ip', command.split(' '))
    await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  }

  /**
   * Gives the network namespace `netns` an interface in the zone's subnet, and the router a route
   * to the machine's pods.
   */
  async plug(netns: string, zone: LabZone, ip: string, podCidr: string): Promise<void> {
    const link = linkName(ip)
    for (const command of [
      `netns add ${netns}`,
      `link add ${link} type veth peer name eth0 netns ${netns}`,
      `link set ${link} master ${bridgeOf(zone)} up`,
      `-n ${netns} link set lo up`,
      `-n ${netns} addr add ${ip}/24 dev eth0`,
      `-n ${netns} link set eth0 up`,
      `-n ${netns} route add default via ${zone.gateway}`,
      `route add ${podCidr} via ${ip} src ${CONTROL_PLANE_IP}`,
    ]) {
      await run('ip', command.split(' '))
    }
    await run('nsenter', [
      `--net=/run/netns/${netns}`,
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
    ])
    this.#podRoutes.set(netns, { ip, podCidr })
    await this.#apply()
  }

  async setAcls(acls: readonly SubnetAcl[]): Promise<void> {
    this.#acls = acls
    await this.#apply()
  }

  /** One at a time, in the order of the calls. */
  async #apply(): Promise<void> {
    const before = this.#applying
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#applying = promise
    await before
    try {
      await this.#filter()
    } finally {
      resolve()
    }
  }

  /** Nothing is filtered before ACLs are set; after that rules name the machines' pods too. */
  async #filter(): Promise<void> {
    if (this.#acls === undefined) return
    const ruleset = aclRuleset({
      acls: this.#acls,
      subnets: this.#zones.map((zone) => ({
        subnetId: zone.subnetId,
        link: bridgeOf(zone),
        gateway: zone.gateway,
      })),
      controlPlaneSubnetId: CONTROL_PLANE_SUBNET.subnetId,
      podRoutes: [...this.#podRoutes.values()],
    })
    await run('nft', ['-f', '-'], { input: ruleset })
  }

  /** Cuts a machine's cable, or plugs it in again. */
  async setLink(ip: string, state: 'up' | 'down'): Promise<void> {
    await run('ip', ['link', 'set', linkName(ip), state])
  }

  /** Takes away what `plug` made. */
  async unplug(netns: string, podCidr: string): Promise<void> {
    await run('ip', ['route', 'del', podCidr]).catch(() => undefined)
    await run('ip', ['netns', 'del', netns])
    this.#podRoutes.delete(netns)
    await this.#apply()
  }
}

/** An interface name has 15 characters at most. */
const linkName = (ip: string) => `m${ip.split('.').slice(2).join('-')}`
