import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { calledActions } from './testing/called-actions.ts'
import { MIGRATION_ACTIONS, NEEDED_ACTIONS } from './needed-actions.ts'
import { scriptedEc2 } from './testing/scripted-ec2.ts'
import { TRIED_ACTIONS, tryAction, tryCall } from './try-actions.ts'

const ROOT = join(import.meta.dirname, '../..')
const POLICY = readFileSync(join(ROOT, 'manifests/access/iam-policy.json'), 'utf8')

const texts = z.union([z.string().transform((one) => [one]), z.array(z.string())])
const policySchema = z.object({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Effect: z.literal('Allow'),
      Action: texts,
      Resource: texts,
      Condition: z.unknown().optional(),
    }),
  ),
})
const { Statement: statements } = policySchema.parse(JSON.parse(POLICY))

const sorted = (items: Iterable<string>): string[] => [...new Set(items)].toSorted()
const migration = sorted(MIGRATION_ACTIONS.map(({ action }) => action))
const needed = sorted(NEEDED_ACTIONS.map(({ action }) => action))

describe('the IAM policy', () => {
  test('allows what is needed, and nothing else', () => {
    expect(sorted(statements.flatMap(({ Action }) => Action))).toEqual(needed)
    expect(NEEDED_ACTIONS).toHaveLength(needed.length)
  })

  test('limits all that changes something to the cluster, its VPC, or what a run made', () => {
    const whole = statements.filter(({ Action }) => !Action.every(readsOnly))
    const unlimited = whole.filter(
      ({ Condition, Resource }) =>
        Condition === undefined && !Resource.every((arn) => arn.endsWith(':vpc/VPC_ID')),
    )
    // What an instance is made of has no tags that would tell; the instance itself is limited.
    expect(unlimited.map(({ Sid }) => Sid)).toEqual(['UseWhatInstancesAreMadeOf'])
    expect(whole.flatMap(({ Resource }) => Resource)).not.toContain('*')
  })

  test('is as IAM takes it', () => {
    // Source: IAM user guide, "IAM and STS quotas"; white space doesn't count.
    expect(POLICY.replaceAll(/\s/g, '').length).toBeLessThan(6144)
    for (const { Sid } of statements) expect(Sid).toMatch(/^[A-Za-z0-9]+$/)
    expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(statements.length)
  })
})

describe('the IAM policy of a migration', () => {
  const file = join(ROOT, 'manifests/access/iam-policy-migrate.json')
  const { Statement: own } = policySchema.parse(JSON.parse(readFileSync(file, 'utf8')))

  test('allows what is needed, and nothing else', () => {
    expect(sorted(own.flatMap(({ Action }) => Action))).toEqual(migration)
  })

  test('lets nothing be changed but what the migration makes and tags', () => {
    const changing = own.filter(({ Action }) => !Action.every(readsOnly))
    const deleting = changing.filter(({ Action }) => Action.some((one) => /:Delete/.test(one)))
    for (const { Condition } of changing) expect(Condition).toBeDefined()
    expect(deleting.map(({ Condition }) => Condition)).toEqual([
      { StringLike: { 'aws:ResourceTag/zonefall.io/token': '*' } },
    ])
    expect(migration).not.toContain('ec2:DetachVolume')
    expect(migration.filter((action) => /Modify|Detach|Terminate|Stop/.test(action))).toEqual([])
  })
})

const readsOnly = (action: string): boolean => /:(Describe|List)/.test(action)

describe('the doctor', () => {
  test('tries every action that EC2 judges by a dry run', () => {
    const tried = NEEDED_ACTIONS.filter(({ check }) => check === 'dry-run')
    expect(sorted(TRIED_ACTIONS.map((name) => `ec2:${name}`))).toEqual(
      sorted(tried.map(({ action }) => action)),
    )
  })

  test('believes EC2, and says nothing where EC2 speaks of something else', async () => {
    await using scripted = await scriptedEc2(
      {
        StopInstances: [{ error: 'DryRunOperation' }],
        DescribeVolumes: [{ error: 'InvalidParameterValue' }],
      },
      0,
    )
    const on = { ec2: scripted.ec2, instance: { InstanceId: 'i-1' }, tags: {} }
    expect(await tryAction('StopInstances', on)).toBe('allowed')
    expect(await tryAction('DescribeVolumes', on)).toBe('untried')
    expect(await tryAction('RunInstances', on)).toBe('untried')
  })
})

test('a call that is refused for the tags in it is told from one that is refused itself', async () => {
  const says = (action: string) => ({
    error: 'UnauthorizedOperation',
    message: `You are not authorized to perform this operation. User: x is not authorized to perform: ec2:${action} on resource: y`,
  })
  await using scripted = await scriptedEc2(
    { CreateNetworkAcl: [says('CreateTags')], StopInstances: [says('StopInstances')] },
    0,
  )
  const on = { ec2: scripted.ec2, instance: { InstanceId: 'i-1', VpcId: 'vpc-1' }, tags: {} }
  const denied = (action: string) => ({ trial: 'denied', action })
  expect(await tryCall('CreateNetworkAcl', on)).toEqual(denied('CreateTags'))
  expect(await tryAction('CreateNetworkAcl', on)).toBe('allowed')
  expect(await tryCall('StopInstances', on)).toEqual(denied('StopInstances'))
  expect(await tryAction('StopInstances', on)).toBe('denied')
})

describe('the calls in the sources', () => {
  const sources = globSync('lib/**/*.ts', { cwd: ROOT, exclude: ['**/testing/**', '**/*.test.ts'] })
    // What only tries calls doesn't need them.
    .filter((file) => file !== 'lib/aws/try-actions.ts')
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))

  test('are the needed actions', () => {
    expect(sorted(calledActions(sources))).toEqual(sorted([...needed, ...migration]))
  })

  test('are found in any form, with the tags that they set', () => {
    const found = (text: string) => [...calledActions([text])]
    expect(found('new sdk.StopInstancesCommand({})')).toEqual(['ec2:StopInstances'])
    expect(found('new StopInstancesCommand({})')).toEqual(['ec2:StopInstances'])
    expect(found('sdk.paginateDescribeVolumes({})')).toEqual(['ec2:DescribeVolumes'])
    expect(found('new RunInstancesCommand({ TagSpecifications: [] })')).toEqual([
      'ec2:RunInstances',
      'ec2:CreateTags',
    ])
    expect(found('new sdk.GetCallerIdentityCommand({})')).toEqual([])
    expect(
      found("import('@aws-sdk/client-auto-scaling'); new sdk.DescribeTagsCommand({})"),
    ).toEqual(['autoscaling:DescribeTags'])
    expect(() => found('new sdk.DescribeTagsCommand({})')).toThrow('of several')
    expect(() => found('new sdk.ReadBookCommand({})')).toThrow('ReadBook')
  })
})
