import { describe, expect, it } from 'vitest'
import type { AclRule } from '../ec2/backend.ts'
import { aclRuleset } from './acl-ruleset.ts'

const rule = (rest: Partial<AclRule>): AclRule => ({
  action: 'allow',
  protocol: '-1',
  cidr: '0.0.0.0/0',
  ports: undefined,
  icmp: undefined,
  ...rest,
})

const subnets = [
  { subnetId: 'subnet-1', link: 'zone-a', gateway: '10.0.1.1' },
  { subnetId: 'subnet-2', link: 'zone-b', gateway: '10.0.2.1' },
]
const podRoutes = [
  { ip: '10.0.1.10', podCidr: '10.1.1.0/24' },
  { ip: '10.0.2.10', podCidr: '10.1.2.0/24' },
  { ip: '10.0.2.11', podCidr: '10.1.3.0/24' },
]

const rulesetOf = (ingress: readonly AclRule[], egress: readonly AclRule[] = []) =>
  aclRuleset({
    acls: [
      { subnetId: 'subnet-0', ingress: [rule({})], egress: [rule({})] },
      { subnetId: 'subnet-1', ingress, egress },
      { subnetId: 'subnet-2', ingress: [rule({})], egress: [rule({})] },
    ],
    subnets,
    controlPlaneSubnetId: 'subnet-0',
    podRoutes,
  })

/** The lines of a chain. */
function chainOf(ruleset: string, name: string): readonly string[] {
  const [, body = ''] = ruleset.split(`chain ${name} {\n`)
  return (body.split('  }')[0] ?? '')
    .trim()
    .split('\n')
    .map((line) => line.trim())
}

describe("network ACLs as the router's rules", () => {
  it('end in silence', () => {
    const ruleset = rulesetOf([])
    expect(chainOf(ruleset, 'in_subnet_1')).toEqual(['drop'])
    expect(chainOf(ruleset, 'in_subnet_2')).toEqual(['return', 'drop'])
    expect(ruleset).not.toMatch(/reject|\bct\b/)
  })

  it.each<[string, Partial<AclRule>, string]>([
    ['everything', {}, 'return'],
    ['a denial', { action: 'deny' }, 'drop'],
    ['a port', { protocol: '6', ports: { from: 9042, to: 9043 } }, 'tcp dport 9042-9043 return'],
    ['all ports', { protocol: '17', ports: { from: 0, to: 65_535 } }, 'ip protocol 17 return'],
    ['another protocol', { protocol: '50' }, 'ip protocol 50 return'],
    ['ping', { protocol: '1', icmp: { type: 8, code: -1 } }, 'ip protocol 1 icmp type 8 return'],
    [
      "a subnet, with its machines' pods",
      { cidr: '10.0.2.0/24' },
      'ip saddr { 10.0.2.0/24, 10.1.2.0/24, 10.1.3.0/24 } return',
    ],
    [
      'a machine and its pods',
      { cidr: '10.0.2.11/32' },
      'ip saddr { 10.0.2.11/32, 10.1.3.0/24 } return',
    ],
    ['pods by their own addresses', { cidr: '10.1.2.0/24' }, 'ip saddr { 10.1.2.0/24 } return'],
    [
      'a range that holds the pods anyway',
      { cidr: '10.0.0.0/8' },
      'ip saddr { 10.0.0.0/8 } return',
    ],
  ])('say %s', (_what, rest, line) => {
    expect(chainOf(rulesetOf([rule(rest)]), 'in_subnet_1')).toEqual([line, 'drop'])
  })

  it('look at the other side of a packet', () => {
    const ruleset = rulesetOf([], [rule({ cidr: '10.0.9.0/24' })])
    expect(chainOf(ruleset, 'out_subnet_1')[0]).toBe('ip daddr { 10.0.9.0/24 } return')
  })

  it('leave a subnet to itself, and take the control plane for another one', () => {
    const ruleset = rulesetOf([])
    expect(chainOf(ruleset, 'forward')).toEqual([
      'type filter hook forward priority filter; policy accept;',
      'iifname "zone-a" oifname != "zone-a" jump out_subnet_1',
      'oifname "zone-a" iifname != "zone-a" jump in_subnet_1',
      'iifname "zone-b" oifname != "zone-b" jump out_subnet_2',
      'oifname "zone-b" iifname != "zone-b" jump in_subnet_2',
    ])
    expect(chainOf(ruleset, 'input').slice(1, 4)).toEqual([
      'iifname "zone-a" ip daddr 10.0.1.1 accept',
      'iifname "zone-a" jump out_subnet_1',
      'iifname "zone-a" jump in_subnet_0',
    ])
    expect(chainOf(ruleset, 'output').slice(1, 4)).toEqual([
      'oifname "zone-a" ip saddr 10.0.1.1 accept',
      'oifname "zone-a" jump out_subnet_0',
      'oifname "zone-a" jump in_subnet_1',
    ])
  })
})
