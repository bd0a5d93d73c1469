import { describe, expect, it } from 'vitest'
import type { Access, AccessRequest } from './access.ts'
import { evaluate } from './authorize.ts'
import { parsePolicy } from './policy.ts'

const INSTANCE = 'arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0'

interface Asked {
  readonly action?: string
  readonly resource?: string
  readonly keys?: Readonly<Record<string, readonly string[]>>
}

/** What statements say to a stop of an instance, or to what is asked in its place. */
function answer(statements: object | readonly object[], asked: Asked = {}): Access {
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }))
  const request: AccessRequest = {
    action: asked.action ?? 'ec2:StopInstances',
    resource: asked.resource ?? INSTANCE,
    keys: new Map(Object.entries(asked.keys ?? {})),
  }
  return evaluate([policy], request)
}

const allow = (rest: object) => ({ Effect: 'Allow', Action: 'ec2:*', Resource: '*', ...rest })

describe('a policy', () => {
  it('allows nothing of itself, and a denial wins wherever it stands', () => {
    expect(answer([])).toBe('not allowed')
    expect(answer(allow({}))).toBe('allowed')
    expect(answer([{ ...allow({}), Effect: 'Deny' }, allow({})])).toBe('denied')
    expect(answer([allow({}), { ...allow({ Action: 'ec2:Run*' }), Effect: 'Deny' }])).toBe(
      'allowed',
    )
  })

  it.each<[string, object, Asked, Access]>([
    ['names of actions in any case', { Action: 'EC2:stopinstances' }, {}, 'allowed'],
    ['a list of actions', { Action: ['ec2:RunInstances', 'ec2:Stop*'] }, {}, 'allowed'],
    ['one character for ?', { Action: 'ec2:StopInstance?' }, {}, 'allowed'],
    ['another action', { Action: 'ec2:Start*' }, {}, 'not allowed'],
    ['all but some actions', { Action: undefined, NotAction: 'ec2:Run*' }, {}, 'allowed'],
    ['none of the others', { Action: undefined, NotAction: 'ec2:*' }, {}, 'not allowed'],
    ['its ARN', { Resource: INSTANCE }, {}, 'allowed'],
    ['any id', { Resource: 'arn:aws:ec2:*:*:instance/*' }, {}, 'allowed'],
    [
      'no * across the parts of an ARN',
      { Resource: 'arn:aws:ec2:*:instance/*' },
      {},
      'not allowed',
    ],
    ['an ARN for what has no resource', { Resource: INSTANCE }, { resource: '*' }, 'not allowed'],
    ['dots as they are', { Resource: INSTANCE.replace('i-0', 'i.0') }, {}, 'not allowed'],
    ['all but some resources', { Resource: undefined, NotResource: INSTANCE }, {}, 'not allowed'],
  ])('takes %s', (_what, change, asked, access) => {
    expect(answer(allow(change), asked)).toBe(access)
  })
})

describe('a condition', () => {
  const key = 'aws:ResourceTag/team'
  const keys = { 'aws:resourcetag/team': ['Blue'] }

  it.each<[string, object, Access]>([
    ['equal', { StringEquals: { [key]: ['red', 'Blue'] } }, 'allowed'],
    ['equal, by its case', { StringEquals: { [key]: 'blue' } }, 'not allowed'],
    ['equal in any case', { StringEqualsIgnoreCase: { [key]: 'blue' } }, 'allowed'],
    ['equal to a pattern, taken literally', { StringEquals: { [key]: 'B*' } }, 'not allowed'],
    ['like', { StringLike: { [key]: 'B?u*' } }, 'allowed'],
    ['unlike', { StringNotLike: { [key]: 'B*' } }, 'not allowed'],
    ['unlike all of several', { StringNotEquals: { [key]: ['red', 'Blue'] } }, 'not allowed'],
    ['there', { Null: { [key]: 'false' } }, 'allowed'],
    ['not there', { Null: { [key]: true } }, 'not allowed'],
    ['all of several', { StringLike: { [key]: 'B*', 'aws:other': '*' } }, 'not allowed'],
  ])('holds where a value is %s', (_what, Condition, access) => {
    expect(answer(allow({ Condition }), { keys })).toBe(access)
  })

  it.each<[string, object, Access]>([
    ['fails', { StringLike: { [key]: '*' } }, 'not allowed'],
    ['holds with IfExists', { StringLikeIfExists: { [key]: 'x' } }, 'allowed'],
    ['holds when it is negated', { StringNotEquals: { [key]: 'x' } }, 'allowed'],
    ['holds for all values', { 'ForAllValues:StringEquals': { [key]: 'x' } }, 'allowed'],
    ['fails for any value', { 'ForAnyValue:StringEquals': { [key]: 'x' } }, 'not allowed'],
  ])('without a value %s', (_what, Condition, access) => {
    expect(answer(allow({ Condition }))).toBe(access)
  })

  it('asks for all values of a key, or for any', () => {
    const two = { keys: { 'aws:tagkeys': ['a', 'b'] } }
    const tagKeys = (set: string, wanted: string[]) =>
      answer(allow({ Condition: { [`${set}:StringEquals`]: { 'aws:TagKeys': wanted } } }), two)
    expect(tagKeys('ForAllValues', ['a'])).toBe('not allowed')
    expect(tagKeys('ForAllValues', ['a', 'b', 'c'])).toBe('allowed')
    expect(tagKeys('ForAnyValue', ['a'])).toBe('allowed')
    expect(tagKeys('ForAnyValue', ['c'])).toBe('not allowed')
  })

  it('compares ARNs part by part', () => {
    const vpc = { keys: { 'ec2:vpc': ['arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1'] } }
    const like = (wanted: string) =>
      answer(allow({ Condition: { ArnEquals: { 'ec2:Vpc': wanted } } }), vpc)
    expect(like('arn:aws:ec2:*:123456789012:vpc/vpc-1')).toBe('allowed')
    expect(like('arn:aws:ec2:*:123456789012:vpc/vpc-2')).toBe('not allowed')
    expect(like('arn:*:vpc/vpc-1')).toBe('not allowed')
  })
})

it.each([
  ['no JSON', '{', 'is no JSON'],
  ['another version', '{"Version":"2008-10-17","Statement":[]}', 'Version'],
  ['a principal', statement({ Principal: '*' }), 'Principal'],
  ['an operator that is not known', statement({ Condition: { NumericEquals: {} } }), 'Numeric'],
  ['a variable', statement({ Resource: '${aws:username}' }), 'policy variables'],
  ['both Action and NotAction', statement({ NotAction: 'x' }), 'either Action or NotAction'],
])('%s is refused', (_what, json, words) => {
  expect(() => parsePolicy(json)).toThrow(words)
})

function statement(change: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: allow(change) })
}
