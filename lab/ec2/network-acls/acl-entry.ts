import { z } from 'zod'
import { ApiError, invalidValue, missingParameter, unsupported } from '../api-error.ts'
import { flag, integer, text } from '../wire/parameters.ts'
import { type AclEntry, LAST_RULE_NUMBER } from './network-acl.ts'

/** What CreateNetworkAclEntry and ReplaceNetworkAclEntry take. */
export const entryParameters = {
  NetworkAclId: text,
  RuleNumber: integer,
  Protocol: text,
  RuleAction: z.enum(['allow', 'deny']),
  Egress: flag,
  CidrBlock: text.optional(),
  Ipv6CidrBlock: text.optional(),
  PortRange: z.strictObject({ From: integer, To: integer }).optional(),
  Icmp: z.strictObject({ Type: integer, Code: integer }).optional(),
}

type EntryParameters = z.output<z.ZodObject<typeof entryParameters>>

const NUMBERS: Readonly<Record<string, string>> = { icmp: '1', tcp: '6', udp: '17' }
const ICMP = '1'
const WITH_PORTS: readonly string[] = ['6', '17']

/** Throws what EC2 says of an entry that can't be. */
export function entryOf(parameters: EntryParameters): AclEntry {
  const { RuleNumber: ruleNumber, RuleAction: action, Egress: egress } = parameters
  checkRuleNumber(ruleNumber)
  const protocol = protocolOf(parameters.Protocol)
  const cidr = cidrOf(parameters)
  const ports = WITH_PORTS.includes(protocol) ? portsOf(parameters.PortRange) : undefined
  const icmp = protocol === ICMP ? icmpOf(parameters.Icmp) : undefined
  return { ruleNumber, protocol, action, egress, cidr, ports, icmp }
}

export function checkRuleNumber(ruleNumber: number): void {
  if (ruleNumber >= 1 && ruleNumber < LAST_RULE_NUMBER) return
  throw invalidValue(
    `Value (${ruleNumber}) for parameter ruleNumber is invalid. It must be from 1 to ${LAST_RULE_NUMBER - 1}.`,
  )
}

function protocolOf(asked: string): string {
  const number = Object.hasOwn(NUMBERS, asked) ? (NUMBERS[asked] ?? asked) : asked
  if (/^(-1|0|[1-9]\d{0,2})$/.test(number) && Number(number) <= 255) return number
  throw invalidValue(`Value (${asked}) for parameter protocol is invalid.`)
}

/** In its canonical form: EC2 makes 10.0.0.0/16 of 10.0.3.4/16. */
function cidrOf({ CidrBlock: cidr, Ipv6CidrBlock: ipv6 }: EntryParameters): string {
  if (cidr === undefined) {
    if (ipv6 === undefined) throw missingParameter('cidrBlock')
    throw unsupported("The lab's VPC has no IPv6.")
  }
  if (ipv6 !== undefined) {
    const words = 'The parameters cidrBlock and ipv6CidrBlock cannot be used together'
    throw new ApiError('InvalidParameterCombination', words)
  }
  if (!z.cidrv4().safeParse(cidr).success) {
    const words = `Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`
    throw invalidValue(words)
  }
  const [address = '', bits = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const base = number - (number % size)
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`
}

function portsOf(range: EntryParameters['PortRange']): { from: number; to: number } {
  if (range === undefined) throw missingParameter('portRange')
  const { From: from, To: to } = range
  if (from >= 0 && from <= to && to <= 65_535) return { from, to }
  throw invalidValue(`Value (${from}-${to}) for parameter portRange is invalid.`)
}

function icmpOf(icmp: EntryParameters['Icmp']): { type: number; code: number } {
  if (icmp === undefined) throw missingParameter('icmpTypeCode')
  const { Type: type, Code: code } = icmp
  if (isByteOrAny(type) && isByteOrAny(code)) return { type, code }
  throw invalidValue(`Value (${type}, ${code}) for parameter icmpTypeCode is invalid.`)
}

const isByteOrAny = (value: number): boolean => value >= -1 && value <= 255
