import type { AclRule, SubnetAcl } from '../ec2/backend.ts'

/** A subnet's place at the router. */
export interface RoutedSubnet {
  readonly subnetId: string
  /** Its bridge. */
  readonly link: string
  /** The router's own address in it. */
  readonly gateway: string
}

/** A machine, and the addresses of its pods, which are its subnet's as far as ACLs go. */
export interface PodRoute {
  readonly ip: string
  readonly podCidr: string
}

const TABLE = 'network_acls'

/**
 * Network ACLs as a ruleset for `nft -f`, which replaces the one before in one step. What goes from
 * one subnet into another passes the egress rules of the one and the ingress rules of the other,
 * packet by packet: no connection is known, so a cut stream hangs. Inside a subnet nothing is
 * looked at. The control plane's subnet is the router itself: what enters it is for the router, and
 * what leaves it comes from there; the routes give it the control plane's address. A subnet's
 * gateway answers whatever the ACLs say, as on AWS.
 */
export function aclRuleset(options: {
  readonly acls: readonly SubnetAcl[]
  readonly subnets: readonly RoutedSubnet[]
  readonly controlPlaneSubnetId: string
  readonly podRoutes: readonly PodRoute[]
}): string {
  const { acls, subnets, controlPlaneSubnetId: controlPlane, podRoutes } = options
  const chains = acls.flatMap(({ subnetId, ingress, egress }) => [
    chain(chainName('in', subnetId), rules(ingress, 'saddr', podRoutes)),
    chain(chainName('out', subnetId), rules(egress, 'daddr', podRoutes)),
  ])
  const forward = subnets.flatMap(({ subnetId, link }) => [
    `iifname "${link}" oifname != "${link}" jump ${chainName('out', subnetId)}`,
    `oifname "${link}" iifname != "${link}" jump ${chainName('in', subnetId)}`,
  ])
  const input = subnets.flatMap(({ subnetId, link, gateway }) => [
    `iifname "${link}" ip daddr ${gateway} accept`,
    `iifname "${link}" jump ${chainName('out', subnetId)}`,
    `iifname "${link}" jump ${chainName('in', controlPlane)}`,
  ])
  const output = subnets.flatMap(({ subnetId, link, gateway }) => [
    `oifname "${link}" ip saddr ${gateway} accept`,
    `oifname "${link}" jump ${chainName('out', controlPlane)}`,
    `oifname "${link}" jump ${chainName('in', subnetId)}`,
  ])
  const hook = (name: string, lines: readonly string[]) =>
    chain(name, [`type filter hook ${name} priority filter; policy accept;`, ...lines])
  return [
    // So that there is one to delete.
    `table ip ${TABLE}`,
    `delete table ip ${TABLE}`,
    `table ip ${TABLE} {`,
    ...chains,
    hook('forward', forward),
    hook('input', input),
    hook('output', output),
    '}',
    '',
  ].join('\n')
}

const chain = (name: string, lines: readonly string[]): string =>
  [`  chain ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n')

const chainName = (direction: 'in' | 'out', subnetId: string): string =>
  `${direction}_${subnetId.replaceAll('-', '_')}`

function rules(
  acl: readonly AclRule[],
  otherSide: 'saddr' | 'daddr',
  podRoutes: readonly PodRoute[],
): readonly string[] {
  const lines = acl.map((rule) => {
    const to = rule.action === 'allow' ? 'return' : 'drop'
    return [addressMatch(rule.cidr, otherSide, podRoutes), protocolMatch(rule), to]
      .filter((part) => part !== '')
      .join(' ')
  })
  return [...lines, 'drop']
}

/** A machine's pods match where the machine does, besides their own addresses. */
function addressMatch(
  cidr: string,
  otherSide: 'saddr' | 'daddr',
  podRoutes: readonly PodRoute[],
): string {
  if (cidr.endsWith('/0')) return ''
  const pods = podRoutes
    .filter(({ ip, podCidr }) => contains(cidr, ip) && !contains(cidr, addressOf(podCidr)))
    .map(({ podCidr }) => podCidr)
  return `ip ${otherSide} { ${[cidr, ...pods].join(', ')} }`
}

function protocolMatch({ protocol, ports, icmp }: AclRule): string {
  if (protocol === '-1') return ''
  const is = `ip protocol ${protocol}`
  if (ports !== undefined) {
    const name = protocol === '6' ? 'tcp' : 'udp'
    const all = ports.from === 0 && ports.to === 65_535
    return all ? is : `${name} dport ${ports.from}-${ports.to}`
  }
  if (icmp === undefined) return is
  const type = icmp.type === -1 ? '' : ` icmp type ${icmp.type}`
  const code = icmp.code === -1 ? '' : ` icmp code ${icmp.code}`
  return `${is}${type}${code}`
}

const addressOf = (cidr: string): string => cidr.split('/')[0] ?? ''

function contains(cidr: string, address: string): boolean {
  const [base = '', bits = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(toNumber(base) / size) === Math.floor(toNumber(address) / size)
}

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
