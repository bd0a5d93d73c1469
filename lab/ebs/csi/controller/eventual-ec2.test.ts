import { EC2Client } from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../ec2/clock.ts'
import type { Ec2Options } from '../../../ec2/create-ec2.ts'
import { startEc2 } from '../../../ec2/testing/start-ec2.ts'
import { CsiError } from '../rpc/status.ts'
import { Attachments } from './attachments.ts'
import { type VolumeWish, Volumes } from './volumes.ts'

const SIDECARS_LIMIT_MS = 30_000
const signal = () => AbortSignal.timeout(SIDECARS_LIMIT_MS)

const wish = (name: string): VolumeWish => ({
  name,
  zone: 'us-east-1a',
  sizeGiB: 1,
  type: 'gp3',
  iops: undefined,
  throughputMiBps: undefined,
  encrypted: false,
  kmsKeyId: undefined,
  multiAttach: false,
  snapshotId: undefined,
  tags: {},
})

/** Calls until it succeeds, as the sidecars do whatever the error. */
async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + SIDECARS_LIMIT_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof CsiError) || performance.now() > deadlineMs) throw error
    }
  }
}

describe.each<[string, Partial<Ec2Options>]>([
  ['eventually consistent', { eventual: { maxLagMs: 1000 } }],
  ['throttled', { requestLimit: { burst: 3, perSecond: 6 } }],
])('with an EC2 that is %s', (_what, options) => {
  it('makes, attaches, detaches and removes each volume once', { timeout: 60_000 }, async () => {
    await using aws = await startEc2({ clock: systemClock, ...options })
    const ec2 = new EC2Client({
      region: 'us-east-1',
      endpoint: aws.url,
      credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' },
    })
    const { instanceId } = await aws.ec2.launch({
      imageId: 'ami-1',
      instanceType: 't3.medium',
      zone: 'us-east-1a',
    })
    const [volumes, attachments] = [new Volumes(ec2), new Attachments(ec2)]
    const made = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        const volume = await untilDone(() => volumes.create(wish(name), () => true, signal()))
        const id = volume.VolumeId ?? ''
        await untilDone(() => attachments.attach(id, instanceId, signal()))
        return id
      }),
    )
    const attached = aws.ec2.snapshot().volumes.filter(({ root }) => !root)
    expect(attached.map(({ volumeId }) => volumeId).toSorted()).toEqual(made.toSorted())
    expect(attached.map(({ attachment }) => attachment?.state)).toEqual(made.map(() => 'attached'))
    await Promise.all(
      made.map(async (id) => {
        await untilDone(() => attachments.detach(id, instanceId, signal()))
        await untilDone(() => volumes.remove(id))
      }),
    )
    expect(
      aws.log.filter((line) => line.startsWith('volume') && line.endsWith('creating')),
    ).toHaveLength(3)
    await expect
      .poll(() => aws.ec2.snapshot().volumes.filter(({ root }) => !root), { timeout: 10_000 })
      .toEqual([])
    ec2.destroy()
  })
})
