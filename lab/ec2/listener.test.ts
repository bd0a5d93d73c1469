import { DescribeAvailabilityZonesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import type { Authorize } from '../iam/access.ts'
import { ACTIONS } from './actions.ts'
import { errorOf, startEc2 } from './testing/start-ec2.ts'

const VOLUME = 'vol-0123456789abcdef0'

/** Code and message of an error as it is on the wire. */
function read(body: string): string {
  const { Code, Message } = new XMLParser().parse(body).Response.Errors.Error
  return `${Code}: ${Message}`
}

describe('the wire', () => {
  it('answers in EC2’s shapes', async () => {
    await using test = await startEc2()
    const good = await test.post({ Action: 'DescribeRegions' })
    expect(good.status).toBe(200)
    expect(good.body).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<DescribeRegionsResponse xmlns="http:\/\/ec2.amazonaws.com\/doc\/2016-11-15\/"><requestId>[0-9a-f-]{36}<\/requestId><regionInfo><item><regionName>us-east-1</,
    )
    const bad = await test.post({ Action: 'DescribeVolumes', 'VolumeId.1': VOLUME })
    expect(bad.status).toBe(400)
    expect(bad.body).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Response><Errors><Error><Code>InvalidVolume.NotFound<\/Code><Message>.*<\/Message><\/Error><\/Errors><RequestID>[0-9a-f-]{36}<\/RequestID><\/Response>$/,
    )
  })

  it('takes a GET too', async () => {
    await using test = await startEc2()
    const query = 'Action=DescribeRegions&Version=2016-11-15'
    const response = await fetch(`${test.url}/?${query}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/xml;charset=UTF-8')
  })

  it.each([
    [{ Action: 'Frobnicate' }, 'InvalidAction: The action Frobnicate is not valid'],
    [{ Action: 'constructor' }, 'InvalidAction'],
    [{}, 'MissingAction'],
    [{ Action: 'DescribeRegions', Version: '2010-01-01' }, 'NoSuchVersion'],
    [
      { Action: 'DeleteVolume' },
      'MissingParameter: The request must contain the parameter VolumeId',
    ],
    [
      { Action: 'DeleteVolume', VolumeId: VOLUME, Nonsense: 'x' },
      'UnknownParameter: The parameter Nonsense is not recognized',
    ],
    [
      { Action: 'DescribeVolumes', 'Filter.1.Name': 'size', 'Filter.1.Values.1': '1' },
      'UnknownParameter: The parameter Filter.1.Values is not recognized',
    ],
    [
      { Action: 'DescribeVolumes', 'Filter.1.Name': 'size' },
      'MissingParameter: The request must contain the parameter Filter.1.Value',
    ],
    [{ Action: 'DescribeVolumes', VolumeId: VOLUME }, 'UnknownParameter: The parameter VolumeId'],
    [{ Action: 'DeleteVolume', 'VolumeId.1': VOLUME }, 'UnknownParameter: The parameter VolumeId'],
    [{ Action: 'DeleteVolume', VolumeId: VOLUME, 'VolumeId.1': VOLUME }, 'UnknownParameter'],
    [
      { Action: 'DescribeVolumes', 'Filter.1.Name': 'colour', 'Filter.1.Value.1': 'red' },
      "InvalidParameterValue: The filter 'colour' is invalid",
    ],
    [
      { Action: 'DescribeVolumes', 'Filter.1.Name': '__proto__', 'Filter.1.Value.1': 'x' },
      "InvalidParameterValue: The filter '__proto__' is invalid",
    ],
    [
      { Action: 'CreateVolume', AvailabilityZone: 'us-east-1a', Size: 'big' },
      'InvalidParameterValue: Value (big) for parameter size is invalid.',
    ],
    [
      { Action: 'CreateVolume', AvailabilityZone: 'us-east-1a', Size: '99999999999' },
      'InvalidParameterValue: Value (99999999999) for parameter size is invalid.',
    ],
    [
      { Action: 'CreateVolume', AvailabilityZone: 'us-east-1a', Size: '1', VolumeType: 'gp9' },
      "UnknownVolumeType: Unsupported volume type 'gp9' for volume creation.",
    ],
    [
      { Action: 'DetachVolume', VolumeId: VOLUME, Force: 'yes' },
      'InvalidParameterValue: Value (yes) for parameter force is invalid.',
    ],
    [
      { Action: 'DescribeRegions', DryRun: 'maybe' },
      'InvalidParameterValue: Value (maybe) for parameter dryRun is invalid.',
    ],
    [{ Action: 'DescribeRegions', 'RegionName.1': 'a\u0000b' }, 'InvalidParameterValue'],
  ])('refuses %o', async (parameters, words) => {
    await using test = await startEc2()
    const { status, body } = await test.post(parameters)
    expect(read(body)).toContain(words)
    expect(status).toBe(400)
  })

  it('refuses a parameter given twice, another method, and a body without end', async () => {
    await using test = await startEc2()
    const twice = await fetch(test.url, { method: 'POST', body: 'Action=A&Action=B' })
    expect(read(await twice.text())).toContain('MalformedQueryString')
    const put = await fetch(test.url, { method: 'PUT', body: 'Action=A' })
    expect(read(await put.text())).toContain('InvalidRequest')
    const long = fetch(test.url, { method: 'POST', body: 'A='.padEnd(2_000_000, 'x') })
    const status = await long.then((response) => response.status).catch(() => 'cut off')
    expect([413, 'cut off']).toContain(status)
    expect((await test.post({ Action: 'DescribeRegions' })).status).toBe(200)
  })

  it('has DryRun on every action, after all other checks', async () => {
    await using test = await startEc2()
    for (const { name } of ACTIONS) {
      const { body } = await test.post({ Action: name, DryRun: 'true', Nonsense: 'x' })
      expect(`${name} ${read(body)}`).toBe(
        `${name} UnknownParameter: The parameter Nonsense is not recognized`,
      )
    }
    const { status, body } = await test.post({ Action: 'DescribeRegions', DryRun: 'true' })
    expect(status).toBe(412)
    expect(read(body)).toBe(
      'DryRunOperation: Request would have succeeded, but DryRun flag is set.',
    )
    const create = { AvailabilityZone: 'us-east-1a', Size: '1', DryRun: 'true' }
    expect((await test.post({ Action: 'CreateVolume', ...create })).status).toBe(412)
    expect(test.ec2.snapshot().volumes).toEqual([])
  })
})

describe('access', () => {
  const credentials = [{ accessKeyId: 'AKIDGOOD', secretAccessKey: 'secret' }]
  const call = () => new DescribeAvailabilityZonesCommand({})

  it('is for those whose key signed the request', async () => {
    await using test = await startEc2({ credentials })
    const zones = await test.clientWith('AKIDGOOD', 'secret').send(call())
    expect(zones.AvailabilityZones).toHaveLength(3)
    const failure = {
      code: 'AuthFailure',
      message: 'AWS was not able to validate the provided access credentials',
      status: 401,
    }
    expect(await errorOf(test.clientWith('AKIDBAD', 'secret').send(call()))).toEqual(failure)
    expect(await errorOf(test.clientWith('AKIDGOOD', 'guess').send(call()))).toEqual(failure)
    expect((await test.post({ Action: 'DescribeRegions' })).status).toBe(401)
  })

  it('can be denied by action, to a dry run too', async () => {
    const authorize: Authorize = (_key, { action }) =>
      action === 'ec2:StopInstances' ? 'not allowed' : 'allowed'
    await using test = await startEc2({ credentials, authorize })
    const client = test.clientWith('AKIDGOOD', 'secret')
    await client.send(call())
    const stop = new StopInstancesCommand({ InstanceIds: ['i-1'], DryRun: true })
    expect(await errorOf(client.send(stop))).toMatchObject({
      code: 'UnauthorizedOperation',
      message: expect.stringMatching(
        /^You are not authorized to perform this operation\..*ec2:StopInstances/,
      ),
      status: 403,
    })
  })

  it('has a limit, if there is one', async () => {
    await using test = await startEc2({ requestLimit: { burst: 2, perSecond: 1 } })
    await test.client.send(call())
    await test.client.send(call())
    expect(await errorOf(test.client.send(call()))).toEqual({
      code: 'RequestLimitExceeded',
      message: 'Request limit exceeded.',
      status: 503,
    })
    await test.clock.advance(1000)
    await test.client.send(call())
  })
})

describe('the end', () => {
  it('refuses further requests and leaves nothing running', async () => {
    await using test = await startEc2()
    test.ec2.runInstances({ imageId: 'ami-1', instanceType: 't3.medium', zone: 'us-east-1a' })
    await test.ec2.close()
    await test.clock.advance(60_000)
    expect(test.backend.calls).toEqual([])
    expect((await test.post({ Action: 'DescribeRegions' })).status).toBe(503)
  })

  it('says of a defect only that there was one, and writes the rest down', async () => {
    await using test = await startEc2({ authorize: () => JSON.parse('{') })
    const { status, body } = await test.post({ Action: 'DescribeRegions' })
    expect(status).toBe(500)
    expect(read(body)).toBe('InternalError: An internal error has occurred')
    expect(test.log.join('\n')).toContain('defect: SyntaxError')
  })
})
