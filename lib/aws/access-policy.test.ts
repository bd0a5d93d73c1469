import { expect, test } from 'vitest'
import { accessPolicy, partitionOf } from './access-policy.ts'

const place = {
  region: 'us-east-1',
  accountId: '123456789012',
  clusterName: 'staging',
  vpcId: 'vpc-1',
  namespace: 'zonefall-*',
}

test('the part of AWS is that of the caller’s ARN', () => {
  expect(partitionOf('arn:aws:sts::123456789012:assumed-role/admin/me')).toBe('aws')
  expect(partitionOf('arn:aws-cn:iam::123456789012:user/me')).toBe('aws-cn')
  expect(partitionOf('arn:aws-us-gov:iam::123456789012:root')).toBe('aws-us-gov')
  expect(partitionOf('somebody')).toBe('aws')
})

test.for(['aws', 'aws-cn', 'aws-us-gov'])('every ARN of the policy is of %s', async (partition) => {
  const policy = await accessPolicy({ ...place, partition })
  const arns = policy.match(/"arn:[^"]*"/g) ?? []
  expect(arns.length).toBeGreaterThan(15)
  expect(arns.filter((arn) => !arn.startsWith(`"arn:${partition}:`))).toEqual([])
  // Nothing is left that somebody would have to fill in.
  expect(policy).not.toMatch(/\b(REGION|ACCOUNT_ID|CLUSTER_NAME|VPC_ID|NAMESPACE)\b/)
  expect(JSON.parse(policy)).toMatchObject({ Version: '2012-10-17' })
})
