import { describe, expect, test } from 'vitest'
import { bytesOf, fits, sizeFor } from './capacity.ts'
import { DeviceNames } from './device-names.ts'
import { iopsFor } from './iops.ts'
import { allowsZone, pickZone } from './topology.ts'
import { parseVolumeParameters } from './volume-parameters.ts'

const range = (requiredBytes: number, limitBytes = 0) => ({ requiredBytes, limitBytes })

describe('the size', () => {
  test.each([
    [null, 100],
    [range(0), 100],
    [range(1), 1],
    [range(bytesOf(4)), 4],
    [range(bytesOf(4) + 1), 5],
    [range(bytesOf(4), bytesOf(4)), 4],
    [range(0, bytesOf(10)), 10],
  ])('of %j is %i GiB', (wish, sizeGiB) => {
    expect(sizeFor(wish)).toBe(sizeGiB)
  })

  test.each([range(bytesOf(4) + 1, bytesOf(4) + 2), range(0, 1000)])(
    '%j is out of range',
    (wish) => {
      expect(() => sizeFor(wish)).toThrow('exceeds the limit')
    },
  )

  test('fits a range from its required bytes to its limit, both included', () => {
    const wish = range(bytesOf(2), bytesOf(3))
    expect([1, 2, 3, 4].map((sizeGiB) => fits(wish, sizeGiB))).toEqual([false, true, true, false])
    expect(fits(null, 1)).toBe(true)
  })
})

describe('the zone', () => {
  const at = (zone: string) => ({ segments: { 'topology.kubernetes.io/zone': zone } })
  const old = { segments: { 'topology.ebs.csi.aws.com/zone': 'us-east-1c' } }

  test('is the first preferred, then the first requisite, by either key', () => {
    expect(pickZone({ preferred: [at('b'), at('a')], requisite: [at('a'), at('b')] })).toBe('b')
    expect(pickZone({ preferred: [{ segments: {} }], requisite: [at('a')] })).toBe('a')
    expect(pickZone({ preferred: [old], requisite: [] })).toBe('us-east-1c')
    expect(pickZone(null)).toBeUndefined()
  })

  test('of an existing volume has to be among the requisite ones', () => {
    expect(allowsZone({ preferred: [], requisite: [at('a'), at('b')] }, 'b')).toBe(true)
    expect(allowsZone({ preferred: [], requisite: [at('a')] }, 'b')).toBe(false)
    expect(allowsZone(null, 'b')).toBe(true)
  })
})

describe('device names', () => {
  test('go from /dev/xvdaa on, past what EC2 lists and what is in flight', () => {
    const names = new DeviceNames()
    expect(names.reserve('i-1', new Set(['/dev/xvdaa', '/dev/xvda']))).toBe('/dev/xvdab')
    expect(names.reserve('i-1', new Set(['/dev/xvdaa']))).toBe('/dev/xvdac')
    expect(names.reserve('i-2', new Set())).toBe('/dev/xvdaa')
    names.release('i-1', '/dev/xvdab')
    expect(names.reserve('i-1', new Set())).toBe('/dev/xvdaa')
  })

  test('that EC2 called in use come last', () => {
    const names = new DeviceNames()
    names.doubt('i-1', '/dev/xvdaa')
    expect(names.reserve('i-1', new Set())).toBe('/dev/xvdab')
  })

  test('run out at /dev/xvddx', () => {
    const names = new DeviceNames()
    const all = Array.from({ length: 103 }, () => names.reserve('i-1', new Set()))
    expect(all.slice(-2)).toEqual(['/dev/xvddx', undefined])
  })
})

describe('iops', () => {
  const wish = { type: 'io1', sizeGiB: 10, iops: undefined, iopsPerGiB: undefined }

  test.each([
    [{ ...wish, iops: 500 }, 500],
    [wish, undefined],
    [{ ...wish, iopsPerGiB: 20 }, 200],
    [{ ...wish, iopsPerGiB: 90 }, 500],
    [{ ...wish, iopsPerGiB: 50, sizeGiB: 4000 }, 64_000],
    [{ ...wish, iopsPerGiB: 5, allowIncrease: true }, 100],
    [{ ...wish, type: 'gp3', iopsPerGiB: 1, allowIncrease: true, sizeGiB: 1 }, 3000],
  ])('of %j are %s', (given, iops) => {
    expect(iopsFor({ allowIncrease: false, ...given })).toBe(iops)
  })

  test('are refused below the least, or given twice', () => {
    expect(() => iopsFor({ ...wish, iopsPerGiB: 5, allowIncrease: false })).toThrow('too low')
    const both = { ...wish, iops: 100, iopsPerGiB: 5, allowIncrease: false }
    expect(() => iopsFor(both)).toThrow('not both')
  })
})

describe("a StorageClass' parameters", () => {
  const ext4 = [
    { mount: { fsType: 'ext4', mountFlags: [] }, accessType: 'mount', accessMode: null },
  ]
  const parse = (parameters: Record<string, string>, capabilities: object[] = ext4) =>
    parseVolumeParameters(parameters, 1, JSON.parse(JSON.stringify(capabilities)))

  test('are read without regard to case, with gp3 and no encryption by default', () => {
    expect(parse({})).toMatchObject({ type: 'gp3', encrypted: false, tags: {}, volumeContext: {} })
    expect(
      parse({ Type: 'gp2', ENCRYPTED: 'true', kmsKeyId: 'k', Throughput: '250', fsType: 'ext4' }),
    ).toMatchObject({ type: 'gp2', encrypted: true, kmsKeyId: 'k', throughputMiBps: 250 })
  })

  test('for formatting travel to the node', () => {
    expect(
      parse({ blockSize: '1024', ext4BigAlloc: 'true', ext4ClusterSize: '16384' }),
    ).toMatchObject({
      volumeContext: { blocksize: '1024', ext4bigalloc: 'true', ext4clustersize: '16384' },
    })
  })

  test.each([
    [{ typ: 'gp2' }, ext4, 'Invalid parameter key typ'],
    [{ iops: '1e3' }, ext4, 'Could not parse invalid iops'],
    [{ blockSize: '4096; rm' }, ext4, 'Could not parse blocksize'],
    [{ blockSize: '4096' }, [{ ...ext4[0], accessType: 'block' }], 'with block volume'],
    [{ bytesPerInode: '1' }, [{ ...ext4[0], mount: { fsType: 'xfs' } }], 'with fstype xfs'],
    [{ ext4ClusterSize: '4096' }, ext4, 'when ext4BigAlloc is false'],
    [{ tagSpecification_1: 'novalue' }, ext4, 'not of the form key=value'],
    [{ tagSpecification_1: 'a={{ .Pod }}' }, ext4, 'Error interpolating'],
  ])('%j are refused', (parameters, capabilities, message) => {
    expect(() => parse(parameters as Record<string, string>, capabilities)).toThrow(message)
  })
})
