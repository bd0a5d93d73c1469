import { GetCallerIdentityCommand, STSClient, STSServiceException } from '@aws-sdk/client-sts'
import { describe, expect, it } from 'vitest'
import { startEc2 } from '../ec2/testing/start-ec2.ts'

const credentials = [{ accessKeyId: 'AKIDGOOD', secretAccessKey: 'secret' }]

/** Who a key belongs to; or the error's code, message and status. */
async function identify(url: string, accessKeyId: string, secretAccessKey: string) {
  const client = new STSClient({
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  try {
    const { Arn, Account, UserId } = await client.send(new GetCallerIdentityCommand({}))
    return { Arn, Account, UserId }
  } catch (error) {
    if (!(error instanceof STSServiceException)) throw error
    return `${error.name} (${error.$metadata.httpStatusCode}): ${error.message}`
  } finally {
    client.destroy()
  }
}

describe('STS', () => {
  it('says who signed, at the address of EC2', async () => {
    await using test = await startEc2({ credentials })
    expect(await identify(test.url, 'AKIDGOOD', 'secret')).toEqual({
      Arn: 'arn:aws:iam::123456789012:user/AKIDGOOD',
      Account: '123456789012',
      UserId: expect.stringMatching(/^AIDA[A-Z]{17}$/),
    })
    expect(test.log.at(-1)).toContain('sts:GetCallerIdentity {} -> 200 ok')
  })

  it('refuses in its own shape', async () => {
    await using test = await startEc2({ credentials, requestLimit: { burst: 1, perSecond: 0.1 } })
    expect(await identify(test.url, 'AKIDBAD', 'secret')).toBe(
      'InvalidClientTokenId (403): The security token included in the request is invalid.',
    )
    expect(await identify(test.url, 'AKIDGOOD', 'secret')).toMatchObject({
      Account: '123456789012',
    })
    expect(await identify(test.url, 'AKIDGOOD', 'secret')).toBe('Throttling (400): Rate exceeded')
  })

  it('answers whom a policy denies everything, and knows no other action', async () => {
    await using test = await startEc2({ authorize: () => 'denied' })
    expect(await identify(test.url, 'AKIDTEST', 'secret')).toMatchObject({
      Account: '123456789012',
    })
    const post = async (form: Record<string, string>, service = 'sts') => {
      const response = await fetch(test.url, {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=AKIDTEST/20260102/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        },
      })
      return `${response.status} ${await response.text()}`
    }
    const version = { Version: '2011-06-15' }
    expect(await post({ Action: 'AssumeRole', ...version })).toMatch(
      /^400 .*\n<ErrorResponse xmlns="https:\/\/sts.amazonaws.com\/doc\/2011-06-15\/"><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code><Message>Could not find operation AssumeRole for version 2011-06-15<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/,
    )
    expect(await post({ Action: 'DescribeRegions', Version: '2016-11-15' })).toContain(
      'InvalidAction',
    )
    expect(await post({ Action: 'GetCallerIdentity', ...version }, 'dynamodb')).toMatch(
      /^403 .*\n<Response><Errors><Error><Code>SignatureDoesNotMatch</,
    )
  })
})
