import {
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  type CreateNetworkAclEntryCommandInput,
  CreateTagsCommand,
  DeleteNetworkAclCommand,
  DeleteNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
  type DescribeNetworkAclsCommandInput,
  ReplaceNetworkAclAssociationCommand,
  ReplaceNetworkAclEntryCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../testing/start-ec2.ts'

const SUBNET_A = ZONES[0]?.subnetId ?? ''
/** Longer than the network takes to obey. */
const OBEYED_MS = 1000

const described = async (test: Ec2UnderTest, input: DescribeNetworkAclsCommandInput = {}) =>
  (await test.client.send(new DescribeNetworkAclsCommand(input))).NetworkAcls ?? []

async function defaultAcl(test: Ec2UnderTest) {
  const [acl] = await described(test, { Filters: [{ Name: 'default', Values: ['true'] }] })
  if (acl === undefined) throw new Error('There is no default ACL.')
  return acl
}

async function newAcl(test: Ec2UnderTest): Promise<string> {
  const { VpcId } = await defaultAcl(test)
  const { NetworkAcl } = await test.client.send(new CreateNetworkAclCommand({ VpcId }))
  return NetworkAcl?.NetworkAclId ?? ''
}

const entry = (
  NetworkAclId: string,
  rest: Partial<CreateNetworkAclEntryCommandInput> = {},
): CreateNetworkAclEntryCommandInput => ({
  NetworkAclId,
  RuleNumber: 100,
  Egress: false,
  Protocol: '-1',
  RuleAction: 'allow',
  CidrBlock: '0.0.0.0/0',
  ...rest,
})

const addEntry = (test: Ec2UnderTest, input: CreateNetworkAclEntryCommandInput) =>
  test.client.send(new CreateNetworkAclEntryCommand(input))

async function associationOf(test: Ec2UnderTest, subnetId: string) {
  const Filters = [{ Name: 'association.subnet-id', Values: [subnetId] }]
  const acls = await described(test, { Filters })
  const found = acls
    .flatMap(({ Associations = [] }) => Associations)
    .filter(({ SubnetId }) => SubnetId === subnetId)
  expect(found).toHaveLength(1)
  return found[0]
}

const associate = (test: Ec2UnderTest, AssociationId: string | undefined, NetworkAclId: string) =>
  test.client.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId }))

describe("a VPC's own ACL", () => {
  it('allows everything, has every subnet, and stays', async () => {
    await using test = await startEc2()
    const all = { Protocol: '-1', CidrBlock: '0.0.0.0/0' }
    const acl = await defaultAcl(test)
    expect(acl.NetworkAclId).toMatch(/^acl-[0-9a-f]{17}$/)
    expect(acl).toMatchObject({
      IsDefault: true,
      OwnerId: '123456789012',
      Entries: [
        { ...all, Egress: true, RuleNumber: 100, RuleAction: 'allow' },
        { ...all, Egress: true, RuleNumber: 32767, RuleAction: 'deny' },
        { ...all, Egress: false, RuleNumber: 100, RuleAction: 'allow' },
        { ...all, Egress: false, RuleNumber: 32767, RuleAction: 'deny' },
      ],
      Tags: [],
    })
    expect(acl.Associations?.map(({ SubnetId }) => SubnetId)).toEqual(
      ZONES.map(({ subnetId }) => subnetId),
    )
    const gone = new DeleteNetworkAclCommand({ NetworkAclId: acl.NetworkAclId })
    expect(await errorOf(test.client.send(gone))).toMatchObject({
      code: 'InvalidParameterValue',
      message: `cannot delete default network ACL ${acl.NetworkAclId}`,
    })
  })
})

describe('a network ACL', () => {
  it('is made once for a token, with nothing but the last rules, and tagged', async () => {
    await using test = await startEc2()
    const { VpcId } = await defaultAcl(test)
    const make = new CreateNetworkAclCommand({
      VpcId,
      ClientToken: 'once',
      TagSpecifications: [{ ResourceType: 'network-acl', Tags: [{ Key: 'run', Value: '1' }] }],
    })
    const first = await test.client.send(make)
    const again = await test.client.send(make)
    expect(first.ClientToken).toBe('once')
    expect(again.NetworkAcl).toEqual(first.NetworkAcl)
    const id = first.NetworkAcl?.NetworkAclId ?? ''
    expect(first.NetworkAcl).toMatchObject({ VpcId, IsDefault: false, Associations: [] })
    expect(first.NetworkAcl?.Entries?.map(({ RuleNumber }) => RuleNumber)).toEqual([32767, 32767])
    await test.client.send(
      new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'more', Value: '' }] }),
    )
    const found = await described(test, { Filters: [{ Name: 'tag:run', Values: ['1'] }] })
    expect(found.map(({ NetworkAclId, Tags }) => [NetworkAclId, Tags?.length])).toEqual([[id, 2]])
    await test.client.send(new DeleteNetworkAclCommand({ NetworkAclId: id }))
    expect((await errorOf(described(test, { NetworkAclIds: [id] }))).code).toBe(
      'InvalidNetworkAclID.NotFound',
    )
    expect((await errorOf(test.client.send(make))).code).toBe('IdempotentParameterMismatch')
    const dryRun = new CreateNetworkAclCommand({ VpcId, DryRun: true })
    expect((await errorOf(test.client.send(dryRun))).code).toBe('DryRunOperation')
    const elsewhere = new CreateNetworkAclCommand({ VpcId: 'vpc-0123456789abcdef0' })
    expect((await errorOf(test.client.send(elsewhere))).code).toBe('InvalidVpcID.NotFound')
  })

  it('is a subnet’s when the association is replaced, under a new id each time', async () => {
    await using test = await startEc2()
    const own = await defaultAcl(test)
    const id = await newAcl(test)
    const before = await associationOf(test, SUBNET_A)
    const { NewAssociationId } = await associate(test, before?.NetworkAclAssociationId, id)
    expect(NewAssociationId).toMatch(/^aclassoc-[0-9a-f]{17}$/)
    expect(await associationOf(test, SUBNET_A)).toEqual({
      NetworkAclAssociationId: NewAssociationId,
      NetworkAclId: id,
      SubnetId: SUBNET_A,
    })
    expect(test.ec2.snapshot().subnets[0]).toEqual({
      subnetId: SUBNET_A,
      zone: 'us-east-1a',
      cidr: '10.0.1.0/24',
      networkAclId: id,
      networkAclAssociationId: NewAssociationId,
      defaultNetworkAcl: false,
    })
    expect(await errorOf(associate(test, before?.NetworkAclAssociationId, id))).toMatchObject({
      code: 'InvalidAssociationID.NotFound',
      message: `The association ID '${before?.NetworkAclAssociationId}' does not exist`,
    })
    const gone = new DeleteNetworkAclCommand({ NetworkAclId: id })
    expect(await errorOf(test.client.send(gone))).toMatchObject({
      code: 'DependencyViolation',
      message: `The networkAcl '${id}' has dependencies and cannot be deleted.`,
    })
    expect((await errorOf(associate(test, NewAssociationId, 'acl-1'))).code).toBe(
      'InvalidNetworkAclID.NotFound',
    )
    await associate(test, NewAssociationId, own.NetworkAclId ?? '')
    await test.client.send(gone)
    expect((await defaultAcl(test)).Associations).toHaveLength(3)
  })

  it('has entries by number and direction', async () => {
    await using test = await startEc2()
    const id = await newAcl(test)
    await addEntry(test, entry(id))
    await addEntry(test, entry(id, { Egress: true }))
    const port = { Protocol: 'tcp', PortRange: { From: 9042, To: 9042 }, CidrBlock: '10.0.3.4/16' }
    await addEntry(test, entry(id, { RuleNumber: 50, RuleAction: 'deny', ...port }))
    const ping = { Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 } }
    await addEntry(test, entry(id, { RuleNumber: 60, ...ping }))
    expect(await errorOf(addEntry(test, entry(id, { CidrBlock: '10.0.0.0/8' })))).toMatchObject({
      code: 'NetworkAclEntryAlreadyExists',
      message: 'The network acl entry identified by 100 already exists.',
    })
    const [acl] = await described(test, { NetworkAclIds: [id] })
    const inward = acl?.Entries?.filter(({ Egress }) => Egress === false)
    expect(inward).toEqual([
      {
        RuleNumber: 50,
        Protocol: '6',
        RuleAction: 'deny',
        Egress: false,
        CidrBlock: '10.0.0.0/16',
        PortRange: { From: 9042, To: 9042 },
      },
      expect.objectContaining({ RuleNumber: 60, IcmpTypeCode: { Type: 8, Code: -1 } }),
      expect.objectContaining({ RuleNumber: 100, Protocol: '-1' }),
      expect.objectContaining({ RuleNumber: 32767, RuleAction: 'deny' }),
    ])
    await test.client.send(new ReplaceNetworkAclEntryCommand(entry(id, { RuleAction: 'deny' })))
    const drop = (RuleNumber: number) =>
      test.client.send(
        new DeleteNetworkAclEntryCommand({ NetworkAclId: id, RuleNumber, Egress: false }),
      )
    await drop(50)
    expect(await errorOf(drop(50))).toMatchObject({
      code: 'InvalidNetworkAclEntry.NotFound',
      message: 'no ingress entry with number 50',
    })
    const missing = new ReplaceNetworkAclEntryCommand(entry(id, { RuleNumber: 7, Egress: true }))
    expect((await errorOf(test.client.send(missing))).message).toBe('no egress entry with number 7')
    const [after] = await described(test, { NetworkAclIds: [id] })
    expect(
      after?.Entries?.map(({ RuleNumber, Egress, RuleAction }) => [RuleNumber, Egress, RuleAction]),
    ).toEqual([
      [100, true, 'allow'],
      [32767, true, 'deny'],
      [60, false, 'allow'],
      [100, false, 'deny'],
      [32767, false, 'deny'],
    ])
  })

  it.each<[string, Partial<CreateNetworkAclEntryCommandInput>, string]>([
    ['the last number', { RuleNumber: 32_767 }, 'InvalidParameterValue'],
    ['number 0', { RuleNumber: 0 }, 'InvalidParameterValue'],
    ['no protocol', { Protocol: 'sctp' }, 'InvalidParameterValue'],
    ['protocol 256', { Protocol: '256' }, 'InvalidParameterValue'],
    ['no CIDR', { CidrBlock: '10.0.0.0' }, 'InvalidParameterValue'],
    ['without a CIDR', { CidrBlock: undefined }, 'MissingParameter'],
    ['TCP without ports', { Protocol: '6' }, 'MissingParameter'],
    [
      'ports the wrong way',
      { Protocol: '6', PortRange: { From: 2, To: 1 } },
      'InvalidParameterValue',
    ],
    ['half a range', { Protocol: '17', PortRange: { From: 2 } }, 'MissingParameter'],
    ['ICMP without a type', { Protocol: 'icmp' }, 'MissingParameter'],
    [
      'an ICMP type',
      { Protocol: '1', IcmpTypeCode: { Type: 256, Code: 0 } },
      'InvalidParameterValue',
    ],
    ['IPv6', { CidrBlock: undefined, Ipv6CidrBlock: '::/0' }, 'UnsupportedOperation'],
    ['another ACL', { NetworkAclId: 'acl-0123456789abcdef0' }, 'InvalidNetworkAclID.NotFound'],
  ])('refuses an entry with %s', async (_what, rest, code) => {
    await using test = await startEc2()
    const id = await newAcl(test)
    expect((await errorOf(addEntry(test, entry(id, rest)))).code).toBe(code)
    expect((await described(test, { NetworkAclIds: [id] }))[0]?.Entries).toHaveLength(2)
  })

  it('takes twenty entries in a direction', async () => {
    await using test = await startEc2()
    const id = await newAcl(test)
    for (let number = 1; number <= 20; number++) {
      await addEntry(test, entry(id, { RuleNumber: number }))
    }
    const more = addEntry(test, entry(id, { RuleNumber: 21 }))
    expect((await errorOf(more)).code).toBe('NetworkAclEntryLimitExceeded')
    await addEntry(test, entry(id, { RuleNumber: 21, Egress: true }))
  })

  it('is found by what it says, a page at a time', async () => {
    await using test = await startEc2()
    const own = await defaultAcl(test)
    const ids = [own.NetworkAclId]
    for (let made = 0; made < 6; made++) ids.push(await newAcl(test))
    const last = ids.at(-1) ?? ''
    const ports = { Protocol: '17', PortRange: { From: 53, To: 54 } }
    await addEntry(test, entry(last, { CidrBlock: '10.9.0.0/16', ...ports }))
    for (const [name, value] of [
      ['entry.cidr', '10.9.*'],
      ['entry.protocol', '17'],
      ['entry.port-range.from', '53'],
      ['entry.port-range.to', '54'],
      ['network-acl-id', last],
    ] as const) {
      const found = await described(test, { Filters: [{ Name: name, Values: [value] }] })
      expect(found.map(({ NetworkAclId }) => NetworkAclId)).toEqual([last])
    }
    const page = await test.client.send(new DescribeNetworkAclsCommand({ MaxResults: 5 }))
    const rest = await test.client.send(
      new DescribeNetworkAclsCommand({ MaxResults: 5, NextToken: page.NextToken }),
    )
    const all = [...(page.NetworkAcls ?? []), ...(rest.NetworkAcls ?? [])]
    expect(all.map(({ NetworkAclId }) => NetworkAclId)).toEqual(ids)
    expect(rest.NextToken).toBeUndefined()
  })
})

describe('the network', () => {
  it('obeys a moment later, and obeys the last word', async () => {
    await using test = await startEc2()
    const id = await newAcl(test)
    const before = await associationOf(test, SUBNET_A)
    await associate(test, before?.NetworkAclAssociationId, id)
    expect(test.backend.acls.size).toBe(0)
    await test.clock.advance(100)
    expect(test.backend.acls.size).toBe(0)
    await test.clock.advance(OBEYED_MS)
    expect(test.backend.acls.get(SUBNET_A)).toEqual({ subnetId: SUBNET_A, ingress: [], egress: [] })
    expect(test.backend.acls.get(ZONES[1]?.subnetId ?? '')?.ingress).toMatchObject([
      { action: 'allow', protocol: '-1', cidr: '0.0.0.0/0' },
    ])
    await addEntry(test, entry(id, { RuleNumber: 200 }))
    await addEntry(test, entry(id, { RuleNumber: 9, RuleAction: 'deny', CidrBlock: '10.0.2.0/24' }))
    await test.client.send(
      new ReplaceNetworkAclEntryCommand(entry(id, { RuleNumber: 9, CidrBlock: '10.0.3.0/24' })),
    )
    await test.clock.advance(OBEYED_MS)
    expect(test.backend.acls.get(SUBNET_A)?.ingress).toMatchObject([
      { action: 'allow', cidr: '10.0.3.0/24' },
      { action: 'allow', cidr: '0.0.0.0/0' },
    ])
    expect(test.backend.calls.filter((call) => call === 'setAcls')).toHaveLength(4)
  })

  it('obeys the next word when it could not obey one', async () => {
    await using test = await startEc2()
    const id = await newAcl(test)
    test.backend.failNext('setAcls')
    const before = await associationOf(test, SUBNET_A)
    await associate(test, before?.NetworkAclAssociationId, id)
    await test.clock.advance(OBEYED_MS)
    expect(test.backend.acls.size).toBe(0)
    expect(test.log.join('\n')).toContain('apply network ACLs failed')
    await addEntry(test, entry(id))
    await test.clock.advance(OBEYED_MS)
    expect(test.backend.acls.get(SUBNET_A)?.ingress).toHaveLength(1)
  })
})
