import { createHash } from 'node:crypto'
import { userArn } from '../iam/access.ts'
import { defineQueryAction, defineQueryService } from '../ec2/wire/define-query-service.ts'
import type { QueryService } from '../ec2/wire/query-service.ts'

/** The Security Token Service, as far as one asks it who one is. Every key is a user of its own. */
export function createSts(accountId: string): QueryService {
  const getCallerIdentity = defineQueryAction({
    name: 'GetCallerIdentity',
    parameters: {},
    perform: (_parameters, { accessKeyId }) => ({
      Arn: userArn(accountId, accessKeyId),
      UserId: userIdOf(accessKeyId),
      Account: accountId,
    }),
  })
  return defineQueryService({
    name: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    accountId,
    actions: [getCallerIdentity],
    // It needs no permission, and can't be denied (STS, API reference, "GetCallerIdentity").
    accessRequests: () => [],
  })
}

/** `AIDA` and 17 capitals, always the same for a key. */
const userIdOf = (accessKeyId: string): string => {
  const digest = createHash('sha256').update(accessKeyId).digest()
  return `AIDA${[...digest.subarray(0, 17)].map((byte) => String.fromCharCode(65 + (byte % 26))).join('')}`
}
