import { describe, expect, it } from 'vitest'
import { createSts } from '../../sts/sts-service.ts'
import { checkAnswer } from './check-answer.ts'
import { startEc2 } from './start-ec2.ts'

const ec2 = (action: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</${action}Response>`

const scaling = (action: string, content: string): string =>
  `<${action}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${action}Result>${content}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`

const volume = (content: string): string =>
  ec2('DescribeVolumes', `<volumeSet><item>${content}</item></volumeSet>`)

describe('an answer as the model has it', () => {
  it.each([
    ['an empty list', ec2('DescribeVolumes', '<volumeSet/>')],
    [
      'values of every kind',
      volume(
        '<volumeId>vol-1</volumeId><size>8</size><encrypted>false</encrypted><status>in-use</status><createTime>2026-01-02T03:04:05.678Z</createTime>',
      ),
    ],
    ['what the model has no answer for', ec2('DeleteVolume', '<return>true</return>')],
    [
      'an error',
      '<Response><Errors><Error><Code>VolumeInUse</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>',
    ],
    ['a group', scaling('DescribeScalingActivities', '<Activities/><NextToken>t</NextToken>')],
  ])('is fine: %s', async (_what, xml) => {
    expect(await checkAnswer(xml)).toEqual([])
  })
})

describe('an answer that is wrong', () => {
  it.each([
    ['a name', volume('<volumeID>vol-1</volumeID>'), 'volumeSet.1 has no element volumeID'],
    ['a case', ec2('DescribeVolumes', '<VolumeSet/>'), 'has no element VolumeSet'],
    ['an enumeration', volume('<status>attached</status>'), 'status is one of available,'],
    ['a number', volume('<size>8 GiB</size>'), 'size can\'t be "8 GiB"'],
    ['a flag', volume('<encrypted>no</encrypted>'), 'encrypted can\'t be "no"'],
    ['a time', volume('<createTime>yesterday</createTime>'), "createTime can't be"],
    [
      'a value for a list',
      volume('<tagSet><key>a</key></tagSet>'),
      'a list of <item>, not of <key>',
    ],
    ['a structure for a value', volume('<size><a>1</a></size>'), 'should be a value'],
    ['something twice', volume('<size>1</size><size>1</size>'), 'more than once'],
    ['an action', ec2('DescribeDisks', ''), 'ec2 has no operation DescribeDisks'],
    ['a change that returns nothing', ec2('DeleteVolume', ''), 'DeleteVolume should return true'],
    [
      'a member that is required',
      scaling(
        'DescribeScalingActivities',
        '<Activities><member><ActivityId>a</ActivityId><Cause>c</Cause><StartTime>2026-01-02T03:04:05Z</StartTime><StatusCode>Successful</StatusCode></member></Activities>',
      ),
      'Activities.1.AutoScalingGroupName is required, and missing',
    ],
    [
      'a list element',
      scaling('DescribeScalingActivities', '<Activities><item/></Activities>'),
      'a list of <member>, not of <item>',
    ],
    [
      'an error that AWS has not',
      '<Response><Errors><Error><Code>VolumeBusy</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>',
      'ec2 documents no error VolumeBusy',
    ],
  ])('is found: %s', async (_what, xml, fault) => {
    expect(await checkAnswer(xml)).toEqual([expect.stringContaining(fault)])
  })
})

it('fails the test that got it', async () => {
  const test = await startEc2()
  const answer =
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arm>a</Arm></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>'
  test.ec2.addService({ ...createSts('123456789012'), success: () => answer })
  const body = new URLSearchParams({ Version: '2011-06-15', Action: 'GetCallerIdentity' })
  const authorization = 'Credential=AKIDTEST/20260102/us-east-1/sts/aws4_request'
  await fetch(test.url, { method: 'POST', body, headers: { authorization } })
  await expect(test[Symbol.asyncDispose]()).rejects.toThrow('GetCallerIdentity has no element Arm')
})
